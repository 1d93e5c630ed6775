output "registry" {
  description = "Where the image belongs: push it as <registry>/crypto-data-platform:<tag>."
  value       = module.registry.uri
}

output "credentials" {
  description = "How kubectl gets to the cluster."
  value       = "gcloud container clusters get-credentials ${module.cluster.name} --region ${var.region} --project ${var.project} --dns-endpoint"
}

output "postgres_address" {
  description = "Private address of the database."
  value       = module.postgres.address
}
