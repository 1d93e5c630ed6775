# A k3d cluster, made and removed by k3d itself (it has no provider of its own), with the image that was built here, and a kubeconfig beside
# the root. Needs Docker and k3d on this machine.
resource "terraform_data" "cluster" {
  input = { name = var.name, kubeconfig = var.kubeconfig }

  triggers_replace = [var.name, var.http_port]

  provisioner "local-exec" {
    command = "k3d cluster create \"$NAME\" --agents 1 --port \"127.0.0.1:$HTTP_PORT:80@loadbalancer\" --kubeconfig-update-default=false --wait && k3d kubeconfig get \"$NAME\" > \"$KUBECONFIG_FILE\" && chmod 600 \"$KUBECONFIG_FILE\""
    environment = {
      NAME            = var.name
      HTTP_PORT       = var.http_port
      KUBECONFIG_FILE = var.kubeconfig
    }
  }

  provisioner "local-exec" {
    when    = destroy
    command = "k3d cluster delete \"$NAME\" && rm -f \"$KUBECONFIG_FILE\""
    environment = {
      NAME            = self.input.name
      KUBECONFIG_FILE = self.input.kubeconfig
    }
  }
}

# Anew whenever it is another image.
resource "terraform_data" "image" {
  triggers_replace = [var.image, var.image_id, terraform_data.cluster.id]

  provisioner "local-exec" {
    command     = "k3d image import \"$IMAGE\" --cluster \"$NAME\""
    environment = { IMAGE = var.image, NAME = var.name }
  }
}
