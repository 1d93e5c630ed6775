terraform {
  required_version = ">= 1.11"
  required_providers {
    helm   = { source = "hashicorp/helm", version = "~> 3.0" }
    random = { source = "hashicorp/random", version = "~> 3.9" }
  }
}

provider "helm" {
  kubernetes = { config_path = module.cluster.kubeconfig }
}
