variable "name" {
  description = "What everything is named after: letters, digits and hyphens."
  type        = string
  default     = "mta"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.name))
    error_message = "Two to 21 small letters, digits and hyphens, a letter first."
  }
}

variable "region" {
  description = "The region of the bucket, the database and the cache."
  type        = string
  default     = "eu-central-1"
}

variable "vpc_id" {
  description = "The network in which the cluster runs."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets for database and cache, in at least two zones."
  type        = list(string)
  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "A database that outlives the loss of a zone needs two subnets."
  }
}

variable "client_security_group_ids" {
  description = "Security groups of what may reach database and cache: the nodes of the cluster."
  type        = list(string)
}

variable "database_class" {
  description = "The size of the database server."
  type        = string
  default     = "db.t4g.medium"
}

variable "database_storage_gb" {
  description = "The database's disk at first; it grows to ten times that by itself."
  type        = number
  default     = 50
}

variable "backup_days" {
  description = "How long the database can be brought back to any moment."
  type        = number
  default     = 14
}

variable "cache_class" {
  description = "The size of the cache's servers."
  type        = string
  default     = "cache.t4g.small"
}

variable "lake_noncurrent_days" {
  description = "How long objects that were replaced or deleted can be brought back. What was erased for a person is gone after that."
  type        = number
  default     = 7
}

variable "oidc_provider_arn" {
  description = "The identity provider of the Kubernetes cluster, for a role without keys; empty makes no role."
  type        = string
  default     = ""
}

variable "service_account" {
  description = "namespace:name of the Kubernetes service account that takes the role."
  type        = string
  default     = "mta:mta"
}
