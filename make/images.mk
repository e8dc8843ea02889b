# Debian's own client where it is installed: newer ones insist on a builder plugin that Debian lacks.
DOCKER ?= $(firstword $(wildcard /usr/bin/docker) docker)
BASE_IMAGE ?= $(call dotenv,BASE_IMAGE)
IMAGE ?= nightshift-trainer:$(VERSION)
STACK_VERSION := $(or $(NIGHTSHIFT_VERSION),$(call dotenv,NIGHTSHIFT_VERSION),$(VERSION))

##@ Images and charts
.PHONY: image stack-images cluster-images chart
image: ## Build the training image and show its size by layer
	DOCKER_BUILDKIT=1 $(DOCKER) build --quiet -f training_image/Dockerfile $(if $(BASE_IMAGE),--build-arg BASE_IMAGE=$(BASE_IMAGE)) \
		--build-arg TORCH_BACKEND=$(TORCH_BACKEND) --build-arg VERSION=$(VERSION) --build-arg GIT_SHA=$$(git rev-parse HEAD) -t $(IMAGE) .
	@$(DOCKER) history --format '{{.Size}}\t{{.CreatedBy}}' $(IMAGE) | grep -v '^0B' | cut -c1-100
	@$(DOCKER) image inspect --format '{{.Size}}' $(IMAGE) | awk '{printf "%s: %.2f GB\n", "$(IMAGE)", $$1 / 1e9}'

stack-images: ## Build the images of Airflow and MLflow
	DOCKER_BUILDKIT=1 $(DOCKER) build --quiet $(if $(BASE_IMAGE),--build-arg BASE_IMAGE=$(BASE_IMAGE)) --target airflow -t nightshift-airflow:$(STACK_VERSION) .
	DOCKER_BUILDKIT=1 $(DOCKER) build --quiet $(if $(BASE_IMAGE),--build-arg BASE_IMAGE=$(BASE_IMAGE)) --target mlflow -t nightshift-mlflow:$(STACK_VERSION) .

cluster-images: stack-images image ## Build all images that a cluster needs
	DOCKER_BUILDKIT=1 $(DOCKER) build --quiet $(if $(BASE_IMAGE),--build-arg BASE_IMAGE=$(BASE_IMAGE)) --target airflow-cluster -t nightshift-airflow-cluster:$(STACK_VERSION) .

# CHART=training or mlflow, VALUES=files by spaces, SET=key=value by spaces, NAMESPACE=nightshift
chart: install ## Print what a chart renders: CHART=mlflow VALUES=charts/mlflow/values-dev.yaml SET=key=value
	@$(AIRFLOW)/python .ci/render_chart.py $(CHART) $(addprefix --namespace ,$(NAMESPACE)) $(addprefix --values ,$(VALUES)) $(addprefix --set ,$(SET))
