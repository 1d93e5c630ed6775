terraform {
  required_version = ">= 1.11"
  required_providers {
    helm   = { source = "hashicorp/helm", version = "~> 3.0" }
    random = { source = "hashicorp/random", version = "~> 3.9" }
  }
}

provider "helm" {
  # Its path, and not what the cluster says of it: a release in a cluster that is made anew would lean on the new one to leave the old.
  kubernetes = { config_path = local.kubeconfig }
}
