# What must not change unnoticed: nothing has a public address, the database is backed up and encrypted on the way, nothing is deleted by
# accident, and no secret is in the state.
mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "1234567890" }
  }
  mock_resource "google_sql_database_instance" {
    defaults = { private_ip_address = "10.1.2.3" }
  }
  mock_data "google_sql_ca_certs" {
    defaults = {
      certs = [
        { cert = "-----BEGIN CERTIFICATE-----\nof the instance\n-----END CERTIFICATE-----\n" },
        { cert = "-----BEGIN CERTIFICATE-----\nof the next\n-----END CERTIFICATE-----\n" },
      ]
    }
  }
  mock_resource "google_container_cluster" {
    defaults = {
      control_plane_endpoints_config = { dns_endpoint_config = { endpoint = "gke-x.europe-west1.gke.goog" } }
    }
  }
}

mock_provider "helm" {}

variables {
  project           = "a-project"
  host              = "prices.example.org"
  repository        = "https://github.com/an-organisation/crypto-data-platform.git"
  kafka_brokers     = ["broker-1.example.org:9093", "broker-2.example.org:9093"]
  postgres_password = "abcdefghijklmnopqrstuvwx"
  admin_api_key     = "abcdefghijklmnopqrstuvwx"
  # Their defaults; a test that applies wants ephemeral ones said.
  coingecko_api_key   = ""
  kafka_sasl_username = ""
  kafka_sasl_password = ""
}

run "network" {
  command = plan
  module {
    source = "../modules/network"
  }
  variables {
    name   = "cdp"
    region = "europe-west1"
  }

  assert {
    condition     = google_compute_subnetwork.nodes.private_ip_google_access
    error_message = "Private nodes reach Google's services only so."
  }
  assert {
    condition     = google_compute_global_address.services.address_type == "INTERNAL"
    error_message = "The range for Cloud SQL must be internal."
  }
}

run "cluster" {
  command = plan
  module {
    source = "../modules/cluster"
  }
  variables {
    name                = "cdp"
    project             = "a-project"
    location            = "europe-west1"
    network_id          = "network"
    subnetwork_id       = "subnetwork"
    machine_type        = "e2-standard-4"
    node_count          = { min = 2, max = 6 }
    deletion_protection = true
  }

  assert {
    condition     = google_container_cluster.this.private_cluster_config[0].enable_private_nodes
    error_message = "Nodes must not have public addresses."
  }
  assert {
    condition     = google_container_node_pool.this.network_config[0].enable_private_nodes
    error_message = "Nodes of the pool must not have public addresses."
  }
  assert {
    condition     = !google_container_cluster.this.control_plane_endpoints_config[0].ip_endpoints_config[0].enabled
    error_message = "The control plane must have no address, only its DNS name under IAM."
  }
  assert {
    condition     = google_container_cluster.this.workload_identity_config[0].workload_pool == "a-project.svc.id.goog"
    error_message = "Pods must have workload identities, not keys."
  }
  assert {
    condition     = google_container_node_pool.this.node_config[0].workload_metadata_config[0].mode == "GKE_METADATA"
    error_message = "Pods must not get at the nodes' identity."
  }
  assert {
    condition     = google_container_cluster.this.datapath_provider == "ADVANCED_DATAPATH"
    error_message = "Network policies are enforced by Dataplane V2."
  }
  assert {
    condition     = google_container_cluster.this.deletion_protection
    error_message = "The cluster must be protected from deletion."
  }
}

run "postgres" {
  command = plan
  module {
    source = "../modules/postgres"
  }
  variables {
    name                = "cdp"
    region              = "europe-west1"
    network_id          = "network"
    tier                = "db-custom-2-7680"
    disk_gb             = 50
    highly_available    = true
    retained_backups    = 14
    password            = "abcdefghijklmnopqrstuvwx"
    password_version    = 1
    deletion_protection = true
  }

  assert {
    condition     = !google_sql_database_instance.this.settings[0].ip_configuration[0].ipv4_enabled
    error_message = "The database must have no public address."
  }
  assert {
    condition     = google_sql_database_instance.this.settings[0].ip_configuration[0].ssl_mode == "ENCRYPTED_ONLY"
    error_message = "The database must be spoken to over TLS alone."
  }
  assert {
    condition     = google_sql_database_instance.this.settings[0].backup_configuration[0].enabled
    error_message = "Backups must be on."
  }
  assert {
    condition     = google_sql_database_instance.this.settings[0].backup_configuration[0].point_in_time_recovery_enabled
    error_message = "The log must be kept for points in time between backups."
  }
  assert {
    condition     = google_sql_database_instance.this.settings[0].availability_type == "REGIONAL"
    error_message = "A second zone must stand by."
  }
  assert {
    condition     = google_sql_database_instance.this.deletion_protection && google_sql_database_instance.this.settings[0].deletion_protection_enabled
    error_message = "The database must be protected from deletion, here and in Cloud SQL."
  }
  assert {
    condition     = google_sql_user.this.password_wo_version == 1
    error_message = "The password must be write-only, so that it is not in the state."
  }
}

run "secrets" {
  command = plan
  module {
    source = "../modules/secrets"
  }
  variables {
    names               = ["a"]
    values              = { a = "secret" }
    values_version      = 1
    reader              = "principal://x"
    deletion_protection = true
  }

  assert {
    condition     = google_secret_manager_secret_version.this["a"].secret_data_wo_version == "1"
    error_message = "Values must be write-only, so that they are not in the state."
  }
  assert {
    condition     = google_secret_manager_secret_iam_member.reader["a"].member == "principal://x"
    error_message = "One member reads the secrets."
  }
}

run "services" {
  command = plan
  module {
    source = "../modules/services"
  }
  variables {
    gateway_url    = "http://gateway"
    health_rules   = {}
    projects       = {}
    applications   = {}
    alertmanager   = { config = { route = { receiver = "operators" } } }
    chart_versions = { argocd = "1", argocd_apps = "1", external_secrets = "1", keda = "1", prometheus = "1" }
  }

  assert {
    condition     = yamldecode(helm_release.prometheus.values[0]).alertmanager.config.route.receiver == "operators"
    error_message = "Alerts must reach whom the operator names."
  }
  assert {
    condition     = yamldecode(helm_release.prometheus.values[0]).prometheus.prometheusSpec.storageSpec.volumeClaimTemplate.spec.resources.requests.storage == "20Gi"
    error_message = "Metrics must outlive the pod of Prometheus."
  }
}

run "platform" {
  command = apply

  assert {
    condition     = output.registry != null
    error_message = "The whole must apply."
  }
  assert {
    condition     = local.values.config.KAFKA_BROKERS == "broker-1.example.org:9093,broker-2.example.org:9093"
    error_message = "The chart must be given the brokers."
  }
  assert {
    condition     = strcontains(local.database_tls, "sslmode=verify-ca") && strcontains(local.values.databaseAuthority, "CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nof the next")
    error_message = "The database must prove itself, and the chart must be given what it does so against."
  }
  assert {
    condition     = !contains(keys(local.secret_keys), "COINGECKO_API_KEY")
    error_message = "The public plan has no key."
  }
}

run "demo_plan" {
  command = plan
  variables {
    config               = { COINS = "250" }
    values               = { consumer = { partitions = 12 }, ingress = { host = "other.example.org" } }
    coingecko_plan       = "demo"
    coingecko_api_key    = "key"
    kafka_sasl_mechanism = "scram-sha-512"
    kafka_sasl_username  = "user"
    kafka_sasl_password  = "password"
  }

  assert {
    condition     = alltrue([for key in ["COINGECKO_API_KEY", "KAFKA_SASL_USERNAME", "KAFKA_SASL_PASSWORD"] : contains(keys(local.secret_keys), key)])
    error_message = "What a plan and a mechanism need must be among the secrets."
  }
  assert {
    condition     = local.values.config.COINS == "250" && local.values.config.COINGECKO_PLAN == "demo"
    error_message = "Variables of the operator's must reach the chart beside this root's own."
  }
  assert {
    condition     = local.values.consumer.partitions == 12 && local.values.ingress.host == "prices.example.org"
    error_message = "Values of the operator's must reach the chart, and not displace this root's own."
  }
}

run "refuses_a_broker_without_a_port" {
  command = plan
  variables {
    kafka_brokers = ["broker-1.example.org"]
  }
  expect_failures = [var.kafka_brokers]
}

run "refuses_an_unknown_mechanism" {
  command = plan
  variables {
    kafka_sasl_mechanism = "scram"
    kafka_sasl_username  = "user"
    kafka_sasl_password  = "password"
  }
  expect_failures = [var.kafka_sasl_mechanism]
}

run "refuses_a_mechanism_without_its_secrets" {
  command = plan
  variables {
    kafka_sasl_mechanism = "plain"
  }
  expect_failures = [var.kafka_sasl_username, var.kafka_sasl_password]
}

run "refuses_a_plan_without_its_key" {
  command = plan
  variables {
    coingecko_plan = "demo"
  }
  expect_failures = [var.coingecko_api_key]
}

run "refuses_a_short_password" {
  command = plan
  variables {
    postgres_password = "short"
  }
  expect_failures = [var.postgres_password]
}
