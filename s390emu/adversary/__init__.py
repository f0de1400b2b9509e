"""The adversarial host: takes any block that the rules allow, at any instruction boundary, and sees what is lost."""
