# What the chart leans on in the cluster: Argo CD, which is pointed at the chart; the External Secrets Operator; KEDA; and Prometheus with
# Grafana.
resource "helm_release" "external_secrets" {
  name             = "external-secrets"
  namespace        = "external-secrets"
  create_namespace = true
  repository       = "https://charts.external-secrets.io"
  chart            = "external-secrets"
  version          = var.chart_versions.external_secrets
  values           = [yamlencode({ installCRDs = true })]
}

resource "helm_release" "keda" {
  name             = "keda"
  namespace        = "keda"
  create_namespace = true
  repository       = "https://kedacore.github.io/charts"
  chart            = "keda"
  version          = var.chart_versions.keda
}

resource "helm_release" "prometheus" {
  name             = "prometheus"
  namespace        = "monitoring"
  create_namespace = true
  repository       = "https://prometheus-community.github.io/helm-charts"
  chart            = "kube-prometheus-stack"
  version          = var.chart_versions.prometheus
  timeout          = 900
  values = [yamlencode({
    prometheus = {
      prometheusSpec = {
        # What the platform's chart brings is found wherever it is.
        serviceMonitorSelectorNilUsesHelmValues = false
        ruleSelectorNilUsesHelmValues           = false
        # Ten days of metrics, the chart's default; without a volume they are gone with the pod.
        storageSpec = { volumeClaimTemplate = { spec = { accessModes = ["ReadWriteOnce"], resources = { requests = { storage = "20Gi" } } } } }
      }
    }
    alertmanager = var.alertmanager
    grafana = {
      plugins = ["yesoreyeram-infinity-datasource 3.11.1"]
      sidecar = { dashboards = { enabled = true, searchNamespace = "ALL" } }
      # Under the names that the platform's dashboards use (docker/grafana/provisioning/datasources).
      additionalDataSources = [
        {
          name     = "Crypto GraphQL"
          uid      = "crypto-graphql"
          type     = "yesoreyeram-infinity-datasource"
          url      = var.gateway_url
          jsonData = { auth_method = "none", allowedHosts = [var.gateway_url] }
        },
        {
          name = "Crypto Prometheus"
          uid  = "crypto-prometheus"
          type = "prometheus"
          url  = "http://prometheus-operated.monitoring.svc:9090"
        },
      ]
    }
  })]
}

resource "helm_release" "argocd" {
  name             = "argocd"
  namespace        = "argocd"
  create_namespace = true
  repository       = "https://argoproj.github.io/argo-helm"
  chart            = "argo-cd"
  version          = var.chart_versions.argocd
  timeout          = 900
  values           = [yamlencode({ configs = { cm = var.health_rules } })]
}

resource "helm_release" "application" {
  name       = "crypto-data-platform"
  namespace  = helm_release.argocd.namespace
  repository = "https://argoproj.github.io/argo-helm"
  chart      = "argocd-apps"
  version    = var.chart_versions.argocd_apps
  values     = [yamlencode({ projects = var.projects, applications = var.applications })]
  # Its objects' kinds come with these.
  depends_on = [helm_release.external_secrets, helm_release.keda, helm_release.prometheus]
}
