output "url" {
  description = "The platform."
  value       = "http://${var.host}:${var.http_port}/"
}

output "kubeconfig" {
  description = "For kubectl: export KUBECONFIG=…"
  value       = module.cluster.kubeconfig
}
