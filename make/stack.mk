# Compose files of the stack, separated by colons; .env may add docker-compose.gpu.yml.
COMPOSE_FILE ?= $(or $(call dotenv,COMPOSE_FILE),docker-compose.airflow.yml)
COMPOSE := COMPOSE_FILE=$(COMPOSE_FILE) $(DOCKER) compose
DOCKER_STACK := COMPOSE_FILE=$(COMPOSE_FILE) DOCKER=$(DOCKER) $(AIRFLOW)/python -m include.stacks.docker
# Folder in which `make backup` makes a folder for each backup.
BACKUPS ?= backups
# The training image of the stack: built here unless TRAINER_IMAGE names an image of a registry.
STACK_TRAINER := $(or $(TRAINER_IMAGE),$(call dotenv,TRAINER_IMAGE),$(IMAGE))

##@ More for the stack in Docker
.PHONY: stack-trainer stack-demo stack-status backup restore
stack-demo: install ## Upload the sample data and run the sample pipeline for one night
	@$(DOCKER_STACK) demo

stack-status: ## Show its services
	@$(COMPOSE) ps --all --format 'table {{.Service}}\t{{.Status}}\t{{.Ports}}'

backup: install ## Copy both databases and the S3 store into BACKUPS (backups/)
	@$(DOCKER_STACK) backup --to $(BACKUPS)

restore: install stack-trainer stack-images ## Restore a backup: FROM=backups/..., and REPLACE=1 if the stack has data
	@$(if $(FROM),,echo 'FROM is not set: make restore FROM=$(BACKUPS)/<time>'; exit 64)
	@$(DOCKER_STACK) restore $(if $(REPLACE),--replace) $(FROM)

# Built each time, from cached layers: after an update the catalog may use a field that an older trainer does not know.
stack-trainer:
ifeq ($(STACK_TRAINER),$(IMAGE))
	@$(MAKE) --no-print-directory image
endif
