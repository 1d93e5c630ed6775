terraform {
  required_version = ">= 1.11"
  required_providers {
    google = { source = "hashicorp/google", version = "~> 8.0" }
    helm   = { source = "hashicorp/helm", version = "~> 3.0" }
  }
  # terraform init -backend-config=bucket=… -backend-config=prefix=crypto-data-platform
  backend "gcs" {}
}

provider "google" {
  project = var.project
  region  = var.region
}

# Through the plugin and not with a token: a token would be in the state.
provider "helm" {
  kubernetes = {
    host = module.cluster.host
    exec = {
      api_version = "client.authentication.k8s.io/v1beta1"
      command     = "gke-gcloud-auth-plugin"
    }
  }
}
