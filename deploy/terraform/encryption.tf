# One key for bucket, database, cache and secrets at rest; it is replaced every year by itself.
resource "aws_kms_key" "rest" {
  description             = "${var.name}: lake, state and cache at rest"
  enable_key_rotation     = true
  deletion_window_in_days = 30
}

resource "aws_kms_alias" "rest" {
  name          = "alias/${var.name}"
  target_key_id = aws_kms_key.rest.key_id
}
