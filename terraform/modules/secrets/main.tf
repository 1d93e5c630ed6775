# Secrets in Secret Manager, and who may read them. Their values are write-only: they are in no state and no plan.
resource "google_secret_manager_secret" "this" {
  for_each            = toset(var.names)
  secret_id           = each.value
  deletion_protection = var.deletion_protection

  replication {
    auto {}
  }
}

resource "google_secret_manager_secret_version" "this" {
  for_each               = toset(var.names)
  secret                 = google_secret_manager_secret.this[each.value].id
  secret_data_wo         = var.values[each.value]
  secret_data_wo_version = var.values_version
}

resource "google_secret_manager_secret_iam_member" "reader" {
  for_each  = toset(var.names)
  secret_id = google_secret_manager_secret.this[each.value].id
  role      = "roles/secretmanager.secretAccessor"
  member    = var.reader
}
