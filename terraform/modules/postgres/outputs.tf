output "address" {
  description = "Private address of the instance."
  value       = google_sql_database_instance.this.private_ip_address
}

output "database" {
  description = "Name of the database, once it and its user are there."
  value       = google_sql_database.this.name
  depends_on  = [google_sql_user.this]
}

output "authority" {
  description = "Certificates (PEM) of the instance's authorities: the present one, and the next while Cloud SQL is being changed to it. Public."
  value       = join("\n", [for authority in nonsensitive(data.google_sql_ca_certs.this.certs) : trimspace(authority.cert)])
}
