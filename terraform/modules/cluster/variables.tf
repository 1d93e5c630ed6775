variable "name" {
  description = "Name of the cluster, and prefix of its nodes' service account."
  type        = string
}

variable "project" {
  description = "Google Cloud project."
  type        = string
}

variable "location" {
  description = "Region (nodes in three zones) or zone of the cluster."
  type        = string
}

variable "network_id" {
  description = "Network of the cluster."
  type        = string
}

variable "subnetwork_id" {
  description = "Subnet of the nodes, with ranges called pods and services."
  type        = string
}

variable "machine_type" {
  description = "Machine type of the nodes."
  type        = string
}

variable "node_count" {
  description = "Fewest and most nodes over all zones."
  type        = object({ min = number, max = number })
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete the cluster."
  type        = bool
}
