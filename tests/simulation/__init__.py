"""The whole product in virtual time: people act, everything breaks, and judges know only what people did."""
