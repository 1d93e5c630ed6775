output "kubeconfig" {
  description = "File with the cluster's kubeconfig, once the cluster and the image in it are there."
  value       = terraform_data.cluster.output.kubeconfig
  depends_on  = [terraform_data.image]
}

output "id" {
  description = "Changes when the cluster is made anew."
  value       = terraform_data.cluster.id
}
