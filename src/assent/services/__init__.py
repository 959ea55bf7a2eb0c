"""What people and programs may ask; every call carries a caller and checks what it may do."""
