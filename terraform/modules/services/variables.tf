variable "gateway_url" {
  description = "The platform's gateway as Grafana reaches it, within the cluster."
  type        = string
}

variable "health_rules" {
  description = "Argo CD's configuration: health of kinds that it does not know."
  type        = map(string)
}

variable "projects" {
  description = "Argo CD projects by name."
  type        = any
}

variable "applications" {
  description = "Argo CD applications by name."
  type        = any
}

variable "alertmanager" {
  description = "Values of kube-prometheus-stack below alertmanager: who is told of alerts."
  type        = any
}

variable "chart_versions" {
  description = "Versions of the charts that are installed."
  type = object({
    argocd           = string
    argocd_apps      = string
    external_secrets = string
    keda             = string
    prometheus       = string
  })
}
