variable "name" {
  description = "Name of the cluster."
  type        = string
  default     = "cdp"
}

variable "http_port" {
  description = "Port on 127.0.0.1 that leads to the platform."
  type        = number
  default     = 8080
}

variable "host" {
  description = "Name that the platform is served under; *.localhost is this machine to browsers and curl."
  type        = string
  default     = "cdp.localhost"
}

variable "image" {
  description = "Image of this machine, name:tag: docker build -f docker/Dockerfile -t crypto-data-platform:local ."
  type        = string
  default     = "crypto-data-platform:local"
  validation {
    condition     = can(regex("^[^:]+:[^:]+$", var.image))
    error_message = "As name:tag."
  }
}

variable "image_id" {
  description = "When it changes the image is imported anew and the pods start on it: -var image_id=$(docker images -q crypto-data-platform:local)."
  type        = string
  default     = ""
}

variable "config" {
  description = "The platform's variables beside the defaults, such as { COINS = \"20\" }: docs/configuration.md."
  type        = map(string)
  default     = {}
}
