output "uri" {
  description = "Where images are pushed to and pulled from, without their name."
  value       = google_artifact_registry_repository.this.registry_uri
}
