# The values of the secret `mta-secrets` of Kubernetes, as files named so. The pepper is made here once: without it no key that was made works.
resource "random_password" "pepper" {
  length  = 64
  special = false
}

locals {
  postgres = "postgresql://mta:${random_password.database.result}@${aws_db_instance.database.endpoint}"
  secrets = {
    mta_state_url            = "${local.postgres}/mta?sslmode=require"
    mta_dagster_postgres_url = "${local.postgres}/dagster?sslmode=require"
    mta_api_redis_url        = "rediss://:${random_password.cache.result}@${aws_elasticache_replication_group.cache.primary_endpoint_address}:6379/0"
    mta_api_pepper           = random_password.pepper.result
  }
}

resource "aws_secretsmanager_secret" "mta" {
  name_prefix = "${var.name}-"
  description = "What the pods of mta are given as files"
  kms_key_id  = aws_kms_key.rest.arn
}

resource "aws_secretsmanager_secret_version" "mta" {
  secret_id     = aws_secretsmanager_secret.mta.id
  secret_string = jsonencode(local.secrets)
}
