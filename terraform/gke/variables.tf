variable "project" {
  description = "Google Cloud project."
  type        = string
}

variable "region" {
  description = "Region of everything."
  type        = string
  default     = "europe-west1"
}

variable "name" {
  description = "Name of the network, the cluster, the instance and the registry."
  type        = string
  default     = "cdp"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,20}$", var.name))
    error_message = "Begins with a letter; letters, digits and hyphens; at most 21."
  }
}

variable "host" {
  description = "Name that the platform is served under. Point its DNS record at the Ingress's address."
  type        = string
}

variable "repository" {
  description = "Git repository that Argo CD reads the chart from."
  type        = string
}

variable "revision" {
  description = "Its branch, tag or commit."
  type        = string
  default     = "main"
}

variable "image_tag" {
  description = "Tag of the image in the registry; empty: the chart's appVersion."
  type        = string
  default     = ""
}

variable "kafka_brokers" {
  description = "Brokers of your Kafka (3.1 or newer), host:port."
  type        = list(string)
  validation {
    condition     = length(var.kafka_brokers) > 0 && alltrue([for broker in var.kafka_brokers : can(regex("^[^\\s,:]+:\\d{1,5}$", broker))])
    error_message = "At least one, each as host:port."
  }
}

variable "kafka_ssl" {
  description = "Whether the brokers are spoken to over TLS."
  type        = bool
  default     = true
}

variable "kafka_sasl_mechanism" {
  description = "plain, scram-sha-256 or scram-sha-512; null: no authentication."
  type        = string
  default     = null
  validation {
    condition     = contains(["plain", "scram-sha-256", "scram-sha-512"], coalesce(var.kafka_sasl_mechanism, "plain"))
    error_message = "plain, scram-sha-256 or scram-sha-512, or null."
  }
}

variable "price_source" {
  description = "coingecko or simulator. A database keeps to one of them for ever."
  type        = string
  default     = "coingecko"
  validation {
    condition     = contains(["coingecko", "simulator"], var.price_source)
    error_message = "coingecko or simulator."
  }
}

variable "coingecko_plan" {
  description = "public, demo or pro."
  type        = string
  default     = "public"
  validation {
    condition     = contains(["public", "demo", "pro"], var.coingecko_plan)
    error_message = "public, demo or pro."
  }
}

variable "config" {
  description = "The platform's variables beside those that this root sets, such as { COINS = \"250\", RETENTION_DAYS = \"400\" }: docs/configuration.md."
  type        = map(string)
  default     = {}
}

variable "values" {
  description = "Values of the chart beside image, config, secrets, ingress and databaseAuthority, which this root sets."
  type        = any
  default     = {}
}

variable "machine_type" {
  description = "Machine type of the nodes."
  type        = string
  default     = "e2-standard-4"
}

variable "node_count" {
  description = "Fewest and most nodes over all zones."
  type        = object({ min = number, max = number })
  default     = { min = 2, max = 6 }
}

variable "postgres_tier" {
  description = "Machine of the database."
  type        = string
  default     = "db-custom-2-7680"
}

variable "postgres_disk_gb" {
  description = "Disk of the database at the start; it grows by itself. How much is needed: docs/operations.md."
  type        = number
  default     = 50
}

variable "highly_available" {
  description = "Whether a second zone stands by for the database."
  type        = bool
  default     = true
}

variable "retained_backups" {
  description = "Daily backups of the database that are kept."
  type        = number
  default     = 14
  validation {
    condition     = var.retained_backups >= 7
    error_message = "At least a week of them."
  }
}

variable "deletion_protection" {
  description = "Whether cluster, database and secrets are safe from terraform destroy."
  type        = bool
  default     = true
}

variable "alertmanager" {
  description = "Who is told of alerts: values of kube-prometheus-stack below alertmanager (config, and alertmanagerSpec.secrets for what it reads from files, as these values are in the state)."
  type        = any
  default     = {}
}

variable "chart_versions" {
  description = "Versions of the charts of Argo CD, its applications, External Secrets, KEDA and Prometheus."
  type = object({
    argocd           = string
    argocd_apps      = string
    external_secrets = string
    keda             = string
    prometheus       = string
  })
  default = {
    argocd           = "9.5.13"
    argocd_apps      = "2.0.5"
    external_secrets = "2.6.0"
    keda             = "2.17.2"
    prometheus       = "87.17.0"
  }
}

# Secrets are ephemeral: given at each plan and apply (TF_VAR_…), kept in no plan and no state, and stored when secrets_version is raised.
variable "secrets_version" {
  description = "Raise it to store the secrets anew, after changing one of them."
  type        = number
  default     = 1
}

variable "postgres_password" {
  description = "Password of the database's user. Letters and digits: it stands in a URL."
  type        = string
  sensitive   = true
  ephemeral   = true
  validation {
    condition     = can(regex("^[A-Za-z0-9]{24,}$", var.postgres_password))
    error_message = "At least 24 letters and digits."
  }
}

variable "admin_api_key" {
  description = "The operator's key of the platform."
  type        = string
  sensitive   = true
  ephemeral   = true
  validation {
    condition     = can(regex("^[!-~]{24,}$", var.admin_api_key))
    error_message = "At least 24 visible ASCII characters."
  }
}

variable "coingecko_api_key" {
  description = "Key of the plan demo or pro."
  type        = string
  default     = ""
  sensitive   = true
  ephemeral   = true
  validation {
    condition     = var.price_source != "coingecko" || var.coingecko_plan == "public" || var.coingecko_api_key != ""
    error_message = "The plan demo or pro needs its key."
  }
}

variable "kafka_sasl_username" {
  description = "With a SASL mechanism: the user."
  type        = string
  default     = ""
  sensitive   = true
  ephemeral   = true
  validation {
    condition     = var.kafka_sasl_mechanism == null || var.kafka_sasl_username != ""
    error_message = "A SASL mechanism needs a user."
  }
}

variable "kafka_sasl_password" {
  description = "With a SASL mechanism: the password."
  type        = string
  default     = ""
  sensitive   = true
  ephemeral   = true
  validation {
    condition     = var.kafka_sasl_mechanism == null || var.kafka_sasl_password != ""
    error_message = "A SASL mechanism needs a password."
  }
}
