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
  description = "Certificates (PEM) that the instance's own is signed by; public. Two while Cloud SQL changes to the next."
  value       = join("\n", [for authority in nonsensitive(google_sql_database_instance.this.server_ca_cert) : trimspace(authority.cert)])
}
