output "name" {
  description = "Name of the cluster."
  value       = google_container_cluster.this.name
}

output "host" {
  description = "https address of the control plane, by its DNS name."
  value       = "https://${google_container_cluster.this.control_plane_endpoints_config[0].dns_endpoint_config[0].endpoint}"
  # What is installed into the cluster needs nodes to run on, and to be there while it is removed.
  depends_on = [google_container_node_pool.this]
}

output "workload_pool" {
  description = "Pool of the cluster's workload identities."
  value       = google_container_cluster.this.workload_identity_config[0].workload_pool
}
