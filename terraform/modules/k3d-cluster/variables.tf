variable "name" {
  description = "Name of the cluster."
  type        = string
}

variable "http_port" {
  description = "Port on 127.0.0.1 that leads to the cluster's Ingress."
  type        = number
}

variable "kubeconfig" {
  description = "File that the cluster's kubeconfig is written to."
  type        = string
}

variable "image" {
  description = "Image of this machine that is put into the cluster."
  type        = string
}

variable "image_id" {
  description = "Changes when the image behind that name does; empty: do not look."
  type        = string
}
