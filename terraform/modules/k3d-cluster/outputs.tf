output "kubeconfig" {
  description = "File with the cluster's kubeconfig, once the cluster and the image in it are there."
  value       = terraform_data.cluster.output.kubeconfig
  depends_on  = [terraform_data.image]
}
