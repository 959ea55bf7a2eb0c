"""The scenes of the tour: each plays something people do and checks both systems itself."""
