variable "name" {
  description = "Name of the instance. Google keeps a deleted one's name for a week."
  type        = string
}

variable "region" {
  description = "Region of the instance."
  type        = string
}

variable "network_id" {
  description = "Network, peered with Google's services, that the instance gets its private address in."
  type        = string
}

variable "tier" {
  description = "Machine of the instance."
  type        = string
}

variable "disk_gb" {
  description = "Disk at the start; it grows by itself."
  type        = number
}

variable "highly_available" {
  description = "Whether a second zone stands by."
  type        = bool
}

variable "retained_backups" {
  description = "Daily backups that are kept."
  type        = number
}

variable "password" {
  description = "Password of the user cdp. Read when password_version changes."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "password_version" {
  description = "Raise it to set the password anew."
  type        = number
}

variable "deletion_protection" {
  description = "Whether Terraform and Cloud SQL refuse to delete the instance."
  type        = bool
}
