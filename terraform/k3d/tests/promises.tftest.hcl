# The chart is installed with what this machine has built, and nothing is published beyond it. k3d itself is not run.
mock_provider "helm" {}
mock_provider "random" {}

run "platform" {
  command = plan

  assert {
    condition     = helm_release.platform.namespace == "crypto-data-platform"
    error_message = "In a namespace of its own."
  }
  assert {
    condition     = output.url == "http://cdp.localhost:8080/"
    error_message = "The address must be that of the Ingress."
  }
  assert {
    condition     = yamldecode(helm_release.platform.values[1]).image == { repository = "crypto-data-platform", tag = "local" }
    error_message = "The image is the one that was built here."
  }
  assert {
    condition     = strcontains(helm_release.platform.values[0], "inCluster: true")
    error_message = "Postgres and Kafka must come with it."
  }
}

run "another_image_is_another_release" {
  command = plan
  variables {
    image_id = "123456789012"
  }

  assert {
    condition     = yamldecode(helm_release.platform.values[1]).podAnnotations == { "crypto-data-platform/image-id" = "123456789012" }
    error_message = "The tag is the same, so the pods must say which image they are of."
  }
}

run "refuses_an_image_without_a_tag" {
  command = plan
  variables {
    image = "crypto-data-platform"
  }
  expect_failures = [var.image]
}

run "a_cluster" {
  command = apply
  override_module {
    target  = module.cluster
    outputs = { id = "first", kubeconfig = "kubeconfig.yaml" }
  }
}

run "another_cluster_is_another_release" {
  command = apply
  override_module {
    target  = module.cluster
    outputs = { id = "second", kubeconfig = "kubeconfig.yaml" }
  }
  # Of what this run makes.
  override_resource {
    target = helm_release.platform
    values = { id = "second" }
  }

  assert {
    condition     = helm_release.platform.id == "second"
    error_message = "A new cluster is empty: the platform must be installed anew."
  }
}
