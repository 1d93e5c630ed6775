output "network_id" {
  description = "The network, once private services can be made in it."
  value       = google_compute_network.this.id
  depends_on  = [google_service_networking_connection.services]
}

output "subnetwork_id" {
  description = "The nodes' subnet; its ranges for pods and services are called pods and services."
  value       = google_compute_subnetwork.nodes.id
}
