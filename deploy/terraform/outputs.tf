output "lake" {
  description = "MTA_LAKE."
  value       = "s3://${aws_s3_bucket.lake.id}/lake"
}

output "secret_arn" {
  description = "The secret with MTA_STATE_URL, MTA_DAGSTER_POSTGRES_URL, MTA_API_REDIS_URL and MTA_API_PEPPER."
  value       = aws_secretsmanager_secret.mta.arn
}

output "database_endpoint" {
  description = "host:port of Postgres. The database `dagster` is to be made once: CREATE DATABASE dagster."
  value       = aws_db_instance.database.endpoint
}

output "cache_endpoint" {
  description = "The host of Redis, on port 6379, with TLS."
  value       = aws_elasticache_replication_group.cache.primary_endpoint_address
}

output "role_arn" {
  description = "The role for the service account; empty without an identity provider."
  value       = var.oidc_provider_arn == "" ? "" : aws_iam_role.pods[0].arn
}
