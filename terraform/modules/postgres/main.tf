# Cloud SQL for Postgres: by a private address alone, only over TLS, backed up daily with the log for points in time between.
resource "google_sql_database_instance" "this" {
  name                = var.name
  region              = var.region
  database_version    = "POSTGRES_18"
  deletion_protection = var.deletion_protection

  settings {
    tier                        = var.tier
    edition                     = "ENTERPRISE"
    availability_type           = var.highly_available ? "REGIONAL" : "ZONAL"
    disk_type                   = "PD_SSD"
    disk_size                   = var.disk_gb
    disk_autoresize             = true
    deletion_protection_enabled = var.deletion_protection
    retain_backups_on_delete    = true

    ip_configuration {
      ipv4_enabled    = false
      private_network = var.network_id
      ssl_mode        = "ENCRYPTED_ONLY"
      # An authority of the instance's own (outputs.tf), not one that signs for others too.
      server_ca_mode = "GOOGLE_MANAGED_INTERNAL_CA"
    }

    backup_configuration {
      enabled                        = true
      start_time                     = "03:00"
      point_in_time_recovery_enabled = true
      transaction_log_retention_days = 7
      backup_retention_settings {
        retained_backups = var.retained_backups
      }
    }

    # A batch holds a lock for each of its coins; each process of the platform holds up to 26 connections.
    database_flags {
      name  = "max_locks_per_transaction"
      value = "256"
    }
    database_flags {
      name  = "max_connections"
      value = "500"
    }

    insights_config {
      query_insights_enabled = true
    }

    maintenance_window {
      day          = 6
      hour         = 9
      update_track = "stable"
    }
  }
}

data "google_sql_ca_certs" "this" {
  instance = google_sql_database_instance.this.name
}

resource "google_sql_database" "this" {
  name     = "cdp"
  instance = google_sql_database_instance.this.name
}

# Write-only: the password goes to Cloud SQL and into no state and no plan.
resource "google_sql_user" "this" {
  name                = "cdp"
  instance            = google_sql_database_instance.this.name
  password_wo         = var.password
  password_wo_version = var.password_version
  # Its tables outlive it.
  deletion_policy = "ABANDON"
}
