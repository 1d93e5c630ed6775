variable "names" {
  description = "Names of the secrets."
  type        = list(string)
}

variable "values" {
  description = "Their values by name. Read when values_version changes."
  type        = map(string)
  sensitive   = true
  ephemeral   = true
}

variable "values_version" {
  description = "Raise it to store the values anew."
  type        = number
}

variable "reader" {
  description = "IAM member who may read them."
  type        = string
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to delete the secrets."
  type        = bool
}
