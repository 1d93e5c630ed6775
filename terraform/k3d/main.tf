# The platform on this machine: a k3d cluster with Postgres and Kafka in it. State is a file here: there is nothing to share, and the only
# secret in it is the password of a database that nothing outside of the cluster reaches.
locals {
  image      = split(":", var.image)
  kubeconfig = abspath("${path.module}/kubeconfig.yaml")
}

module "cluster" {
  source     = "../modules/k3d-cluster"
  name       = var.name
  http_port  = var.http_port
  kubeconfig = local.kubeconfig
  image      = var.image
  image_id   = var.image_id
}

# Anew whenever it is another cluster.
resource "terraform_data" "cluster" {
  triggers_replace = [module.cluster.id]
}

resource "random_password" "postgres" {
  length  = 32
  special = false
}

resource "helm_release" "platform" {
  name             = "crypto-data-platform"
  namespace        = "crypto-data-platform"
  create_namespace = true
  chart            = "${path.module}/../../helm/crypto-data-platform"
  timeout          = 900
  values = [
    file("${path.module}/../../helm/crypto-data-platform/values-k3d.yaml"),
    yamlencode({
      image   = { repository = local.image[0], tag = local.image[1] }
      config  = var.config
      ingress = { host = var.host }
      # The tag stays the same: without it another image would start no pod.
      podAnnotations = { for id in compact([var.image_id]) : "crypto-data-platform/image-id" => id }
    }),
  ]
  set_sensitive = [{ name = "postgres.password", value = random_password.postgres.result }]

  depends_on = [module.cluster]
  lifecycle {
    replace_triggered_by = [terraform_data.cluster]
  }
}
