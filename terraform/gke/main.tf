# The platform on Google Cloud: a network, a private cluster, Postgres, a registry, secrets, and in the cluster Argo CD, which installs the
# chart from git. Kafka is yours, by URL.
locals {
  apis = [
    "artifactregistry", "cloudresourcemanager", "compute", "container", "iam", "iamcredentials", "secretmanager", "servicenetworking",
    "sqladmin",
  ]

  # As the chart's values name them (helm/crypto-data-platform/values-gke.yaml), beside what only this root knows.
  secret_keys = merge(
    { DATABASE_URL = "cdp-database-url", ADMIN_API_KEY = "cdp-admin-api-key" },
    var.price_source == "coingecko" && var.coingecko_plan != "public" ? { COINGECKO_API_KEY = "cdp-coingecko-api-key" } : {},
    var.kafka_sasl_mechanism == null ? {} : {
      KAFKA_SASL_USERNAME = "cdp-kafka-sasl-username"
      KAFKA_SASL_PASSWORD = "cdp-kafka-sasl-password"
    },
  )

  database_tls = "uselibpqcompat=true&sslmode=verify-ca&sslrootcert=/etc/database-authority/ca.crt"

  application = yamldecode(file("${path.module}/../../helm/argocd/application.yaml"))
  project     = yamldecode(file("${path.module}/../../helm/argocd/project.yaml"))

  values = merge(var.values, {
    image = { repository = "${module.registry.uri}/crypto-data-platform", tag = var.image_tag }
    config = merge(
      var.config,
      { KAFKA_BROKERS = join(",", var.kafka_brokers), PRICE_SOURCE = var.price_source },
      var.price_source == "coingecko" ? { COINGECKO_PLAN = var.coingecko_plan } : {},
      var.kafka_ssl ? { KAFKA_SSL = "true" } : {},
      var.kafka_sasl_mechanism == null ? {} : { KAFKA_SASL_MECHANISM = var.kafka_sasl_mechanism },
    )
    secrets           = { external = { googleProject = var.project, keys = local.secret_keys } }
    ingress           = { host = var.host }
    databaseAuthority = module.postgres.authority
  })
}

resource "google_project_service" "apis" {
  for_each           = toset(local.apis)
  service            = "${each.value}.googleapis.com"
  disable_on_destroy = false
}

module "network" {
  source     = "../modules/network"
  name       = var.name
  region     = var.region
  depends_on = [google_project_service.apis]
}

module "cluster" {
  source              = "../modules/cluster"
  name                = var.name
  project             = var.project
  location            = var.region
  network_id          = module.network.network_id
  subnetwork_id       = module.network.subnetwork_id
  machine_type        = var.machine_type
  node_count          = var.node_count
  deletion_protection = var.deletion_protection
  depends_on          = [google_project_service.apis]
}

module "postgres" {
  source              = "../modules/postgres"
  name                = var.name
  region              = var.region
  network_id          = module.network.network_id
  tier                = var.postgres_tier
  disk_gb             = var.postgres_disk_gb
  highly_available    = var.highly_available
  retained_backups    = var.retained_backups
  password            = var.postgres_password
  password_version    = var.secrets_version
  deletion_protection = var.deletion_protection
}

module "registry" {
  source     = "../modules/registry"
  name       = var.name
  region     = var.region
  depends_on = [google_project_service.apis]
}

module "secrets" {
  source = "../modules/secrets"
  names  = values(local.secret_keys)
  values = {
    # Whoever answers must show a certificate of the instance's own authority, which no other instance has: that stands for the host's name,
    # which the certificate does not bear. The file is the chart's, from databaseAuthority.
    cdp-database-url        = "postgresql://cdp:${var.postgres_password}@${module.postgres.address}:5432/${module.postgres.database}?${local.database_tls}"
    cdp-admin-api-key       = var.admin_api_key
    cdp-coingecko-api-key   = var.coingecko_api_key
    cdp-kafka-sasl-username = var.kafka_sasl_username
    cdp-kafka-sasl-password = var.kafka_sasl_password
  }
  values_version = var.secrets_version
  # The External Secrets Operator, by its workload identity.
  reader              = "principal://iam.googleapis.com/projects/${data.google_project.this.number}/locations/global/workloadIdentityPools/${module.cluster.workload_pool}/subject/ns/external-secrets/sa/external-secrets"
  deletion_protection = var.deletion_protection
  depends_on          = [google_project_service.apis]
}

data "google_project" "this" {
  project_id = var.project
  depends_on = [google_project_service.apis]
}

module "services" {
  source         = "../modules/services"
  gateway_url    = "http://${local.application.spec.source.helm.releaseName}-gateway.${local.application.spec.destination.namespace}.svc"
  chart_versions = var.chart_versions
  alertmanager   = var.alertmanager
  health_rules   = yamldecode(file("${path.module}/../../helm/argocd/health.yaml")).data
  projects = {
    (local.project.metadata.name) = merge(local.project.spec, { namespace = "argocd", sourceRepos = [var.repository] })
  }
  applications = {
    (local.application.metadata.name) = merge(local.application.spec, {
      namespace  = "argocd"
      finalizers = local.application.metadata.finalizers
      source = merge(local.application.spec.source, {
        repoURL        = var.repository
        targetRevision = var.revision
        helm           = merge(local.application.spec.source.helm, { valuesObject = local.values })
      })
    })
  }
  depends_on = [module.secrets, module.postgres]
}
