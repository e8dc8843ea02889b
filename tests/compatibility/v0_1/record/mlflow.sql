BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('dc11669786a5');
CREATE TABLE "assessments" (
	assessment_id VARCHAR(50) NOT NULL, 
	trace_id VARCHAR(50) NOT NULL, 
	name VARCHAR(250) NOT NULL, 
	assessment_type VARCHAR(20) NOT NULL, 
	value TEXT NOT NULL, 
	error TEXT, 
	created_timestamp BIGINT NOT NULL, 
	last_updated_timestamp BIGINT NOT NULL, 
	source_type VARCHAR(50) NOT NULL, 
	source_id VARCHAR(250), 
	run_id VARCHAR(32), 
	span_id VARCHAR(50), 
	rationale TEXT, 
	overrides VARCHAR(50), 
	valid BOOLEAN NOT NULL, 
	assessment_metadata TEXT, 
	experiment_id INTEGER, 
	trace_timestamp_ms BIGINT, 
	aggregate_value FLOAT, 
	is_numeric_value BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT assessments_pk PRIMARY KEY (assessment_id), 
	CONSTRAINT fk_assessments_trace_id FOREIGN KEY(trace_id) REFERENCES trace_info (request_id) ON DELETE CASCADE
);
CREATE TABLE budget_policies (
	budget_policy_id VARCHAR(36) NOT NULL, 
	budget_unit VARCHAR(32) NOT NULL, 
	budget_amount FLOAT NOT NULL, 
	duration_unit VARCHAR(32) NOT NULL, 
	duration_value INTEGER NOT NULL, 
	target_scope VARCHAR(32) NOT NULL, 
	budget_action VARCHAR(32) NOT NULL, 
	created_by VARCHAR(255), 
	created_at BIGINT NOT NULL, 
	last_updated_by VARCHAR(255), 
	last_updated_at BIGINT NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, target_value VARCHAR(255), 
	CONSTRAINT budget_policies_pk PRIMARY KEY (budget_policy_id)
);
CREATE TABLE "datasets" (
	dataset_uuid VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	digest VARCHAR(36) NOT NULL, 
	dataset_source_type VARCHAR(36) NOT NULL, 
	dataset_source TEXT NOT NULL, 
	dataset_schema TEXT, 
	dataset_profile TEXT, 
	CONSTRAINT dataset_pk PRIMARY KEY (experiment_id, name, digest), 
	CONSTRAINT fk_datasets_experiment_id_experiments FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
INSERT INTO "datasets" VALUES('2a239e65a45949c792958f9dd20b0b36',1,'digits','89690c6705084576f6aad66ffca263f3ac0f','uri','{"uri": "s3://datasets/digits"}',NULL,'{"digest": "89690c6705084576f6aad66ffca263f3ac0f6d083d20444fe2ca4807fa797894", "uri": "s3://datasets/digits", "images_train": 10, "images_val": 6, "images_test": 4, "objects_train": 48, "objects_val": 29, "objects_test": 19, "width_min": 96, "width_median": 96.0, "width_max": 96, "height_min": 96, "height_median": 96.0, "height_max": 96, "classes": 10, "images_left_out": 0}');
CREATE TABLE endpoint_bindings (
	endpoint_id VARCHAR(36) NOT NULL, 
	resource_type VARCHAR(50) NOT NULL, 
	resource_id VARCHAR(255) NOT NULL, 
	created_at BIGINT NOT NULL, 
	created_by VARCHAR(255), 
	last_updated_at BIGINT NOT NULL, 
	last_updated_by VARCHAR(255), display_name VARCHAR(255), 
	CONSTRAINT endpoint_bindings_pk PRIMARY KEY (endpoint_id, resource_type, resource_id), 
	CONSTRAINT fk_endpoint_bindings_endpoint_id FOREIGN KEY(endpoint_id) REFERENCES endpoints (endpoint_id) ON DELETE CASCADE
);
CREATE TABLE endpoint_model_mappings (
	mapping_id VARCHAR(36) NOT NULL, 
	endpoint_id VARCHAR(36) NOT NULL, 
	model_definition_id VARCHAR(36) NOT NULL, 
	weight FLOAT NOT NULL, 
	created_by VARCHAR(255), 
	created_at BIGINT NOT NULL, linkage_type VARCHAR(64) DEFAULT 'PRIMARY' NOT NULL, fallback_order INTEGER, 
	CONSTRAINT endpoint_model_mappings_pk PRIMARY KEY (mapping_id), 
	CONSTRAINT fk_endpoint_model_mappings_endpoint_id FOREIGN KEY(endpoint_id) REFERENCES endpoints (endpoint_id) ON DELETE CASCADE, 
	CONSTRAINT fk_endpoint_model_mappings_model_definition_id FOREIGN KEY(model_definition_id) REFERENCES model_definitions (model_definition_id)
);
CREATE TABLE endpoint_tags (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	endpoint_id VARCHAR(36) NOT NULL, 
	CONSTRAINT endpoint_tag_pk PRIMARY KEY ("key", endpoint_id), 
	CONSTRAINT fk_endpoint_tags_endpoint_id FOREIGN KEY(endpoint_id) REFERENCES endpoints (endpoint_id) ON DELETE CASCADE
);
CREATE TABLE "endpoints" (
	endpoint_id VARCHAR(36) NOT NULL, 
	name VARCHAR(255), 
	created_by VARCHAR(255), 
	created_at BIGINT NOT NULL, 
	last_updated_by VARCHAR(255), 
	last_updated_at BIGINT NOT NULL, 
	routing_strategy VARCHAR(64), 
	fallback_config_json TEXT, 
	experiment_id INTEGER, 
	usage_tracking BOOLEAN DEFAULT '0' NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT endpoints_pk PRIMARY KEY (endpoint_id), 
	CONSTRAINT fk_endpoints_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE SET NULL, 
	CONSTRAINT uq_endpoints_workspace_name UNIQUE (workspace, name)
);
CREATE TABLE entity_associations (
	association_id VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, 
	created_time BIGINT, 
	CONSTRAINT entity_associations_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
CREATE TABLE "evaluation_dataset_records" (
	dataset_record_id VARCHAR(36) NOT NULL, 
	dataset_id VARCHAR(36) NOT NULL, 
	inputs JSON NOT NULL, 
	expectations JSON, 
	tags JSON, 
	source JSON, 
	source_id VARCHAR(36), 
	source_type VARCHAR(255), 
	created_time BIGINT, 
	last_update_time BIGINT, 
	created_by VARCHAR(255), 
	last_updated_by VARCHAR(255), 
	input_hash VARCHAR(64) NOT NULL, outputs JSON, 
	CONSTRAINT evaluation_dataset_records_pk PRIMARY KEY (dataset_record_id), 
	CONSTRAINT fk_evaluation_dataset_records_dataset_id FOREIGN KEY(dataset_id) REFERENCES evaluation_datasets (dataset_id) ON DELETE CASCADE, 
	CONSTRAINT unique_dataset_input UNIQUE (dataset_id, input_hash)
);
CREATE TABLE evaluation_dataset_tags (
	dataset_id VARCHAR(36) NOT NULL, 
	"key" VARCHAR(255) NOT NULL, 
	value VARCHAR(5000), 
	CONSTRAINT evaluation_dataset_tags_pk PRIMARY KEY (dataset_id, "key"), 
	CONSTRAINT fk_evaluation_dataset_tags_dataset_id FOREIGN KEY(dataset_id) REFERENCES evaluation_datasets (dataset_id) ON DELETE CASCADE
);
CREATE TABLE "evaluation_datasets" (
	dataset_id VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	schema TEXT, 
	profile TEXT, 
	digest VARCHAR(64), 
	created_time BIGINT, 
	last_update_time BIGINT, 
	created_by VARCHAR(255), 
	last_updated_by VARCHAR(255), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT evaluation_datasets_pk PRIMARY KEY (dataset_id)
);
CREATE TABLE "experiment_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value TEXT, 
	experiment_id INTEGER NOT NULL, 
	CONSTRAINT experiment_tag_pk PRIMARY KEY ("key", experiment_id), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id)
);
CREATE TABLE "experiments" (
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	artifact_location VARCHAR(256), 
	lifecycle_stage VARCHAR(32), 
	creation_time BIGINT, 
	last_update_time BIGINT, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT experiment_pk PRIMARY KEY (experiment_id), 
	CONSTRAINT experiments_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT uq_experiments_workspace_name UNIQUE (workspace, name)
);
INSERT INTO "experiments" VALUES(0,'Default','{folder}/mlruns/0','active',1796129966654,1796129966654,'default');
INSERT INTO "experiments" VALUES(1,'digits','{folder}/mlruns/1','active',1796129966664,1796129966664,'default');
INSERT INTO "experiments" VALUES(2,'alias ledgers','{folder}/mlruns/2','active',1796130007328,1796130007328,'default');
CREATE TABLE guardrail_configs (
	endpoint_id VARCHAR(36) NOT NULL, 
	guardrail_id VARCHAR(36) NOT NULL, 
	execution_order INTEGER, 
	created_by VARCHAR(255), 
	created_at BIGINT NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT guardrail_configs_pk PRIMARY KEY (endpoint_id, guardrail_id), 
	CONSTRAINT fk_guardrail_configs_endpoint_id FOREIGN KEY(endpoint_id) REFERENCES endpoints (endpoint_id) ON DELETE CASCADE, 
	CONSTRAINT fk_guardrail_configs_guardrail_id FOREIGN KEY(guardrail_id) REFERENCES guardrails (guardrail_id) ON DELETE CASCADE
);
CREATE TABLE guardrails (
	guardrail_id VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	scorer_id VARCHAR(36) NOT NULL, 
	scorer_version INTEGER NOT NULL, 
	stage VARCHAR(32) NOT NULL, 
	action VARCHAR(32) NOT NULL, 
	action_endpoint_id VARCHAR(36), 
	created_by VARCHAR(255), 
	created_at BIGINT NOT NULL, 
	last_updated_by VARCHAR(255), 
	last_updated_at BIGINT NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT guardrails_pk PRIMARY KEY (guardrail_id), 
	CONSTRAINT fk_guardrails_scorer_version FOREIGN KEY(scorer_id, scorer_version) REFERENCES scorer_versions (scorer_id, scorer_version), 
	CONSTRAINT fk_guardrails_action_endpoint_id FOREIGN KEY(action_endpoint_id) REFERENCES endpoints (endpoint_id) ON DELETE SET NULL
);
CREATE TABLE input_tags (
	input_uuid VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	value VARCHAR(500) NOT NULL, 
	CONSTRAINT input_tags_pk PRIMARY KEY (input_uuid, name)
);
INSERT INTO "input_tags" VALUES('e3df55094c334e89937f2b37072888e3','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('ff4e5a9788bb4f34afb4d4b599c8543e','mlflow.data.context','training');
INSERT INTO "input_tags" VALUES('40ceb03cc7a94e83a0aecdf069bf0a09','mlflow.data.context','training');
CREATE TABLE inputs (
	input_uuid VARCHAR(36) NOT NULL, 
	source_type VARCHAR(36) NOT NULL, 
	source_id VARCHAR(36) NOT NULL, 
	destination_type VARCHAR(36) NOT NULL, 
	destination_id VARCHAR(36) NOT NULL, step BIGINT DEFAULT '0' NOT NULL, 
	CONSTRAINT inputs_pk PRIMARY KEY (source_type, source_id, destination_type, destination_id)
);
INSERT INTO "inputs" VALUES('e3df55094c334e89937f2b37072888e3','DATASET','2a239e65a45949c792958f9dd20b0b36','RUN','4af50f08f23f4b3e8445926069d4e101',0);
INSERT INTO "inputs" VALUES('d105c32a37d74076a17c3dd93d3fdf4b','RUN_OUTPUT','4af50f08f23f4b3e8445926069d4e101','MODEL_OUTPUT','m-f2fe5572eb3c40318877d6ff6588faa2',0);
INSERT INTO "inputs" VALUES('ff4e5a9788bb4f34afb4d4b599c8543e','DATASET','2a239e65a45949c792958f9dd20b0b36','RUN','5e774f7e68654e01b392cdbb2e432a16',0);
INSERT INTO "inputs" VALUES('ad96bc4eb5684ad39b7056bc2136b5a9','RUN_OUTPUT','5e774f7e68654e01b392cdbb2e432a16','MODEL_OUTPUT','m-1ebb392352f4414bbbd0e1aed4cdd497',0);
INSERT INTO "inputs" VALUES('40ceb03cc7a94e83a0aecdf069bf0a09','DATASET','2a239e65a45949c792958f9dd20b0b36','RUN','0fe7797ae1e1416ca9a3b6b648cb7ffd',0);
CREATE TABLE issues (
	issue_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(250) NOT NULL, 
	description TEXT NOT NULL, 
	status VARCHAR(50) NOT NULL, 
	severity VARCHAR(50), 
	root_causes TEXT, 
	source_run_id VARCHAR(32), 
	categories TEXT, 
	created_timestamp BIGINT NOT NULL, 
	last_updated_timestamp BIGINT NOT NULL, 
	created_by VARCHAR(255), 
	CONSTRAINT issues_pk PRIMARY KEY (issue_id), 
	CONSTRAINT fk_issues_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE, 
	CONSTRAINT fk_issues_source_run_id FOREIGN KEY(source_run_id) REFERENCES runs (run_uuid) ON DELETE SET NULL
);
CREATE TABLE job_locks (
	lock_key VARCHAR(255) NOT NULL, 
	job_id VARCHAR(36) NOT NULL, 
	acquired_at BIGINT NOT NULL, 
	CONSTRAINT job_locks_pk PRIMARY KEY (lock_key), 
	CONSTRAINT fk_job_locks_job_id FOREIGN KEY(job_id) REFERENCES jobs (id) ON DELETE CASCADE
);
CREATE TABLE "jobs" (
	id VARCHAR(36) NOT NULL, 
	creation_time BIGINT NOT NULL, 
	job_name VARCHAR(500) NOT NULL, 
	params TEXT NOT NULL, 
	timeout FLOAT, 
	status INTEGER NOT NULL, 
	result TEXT, 
	retry_count INTEGER NOT NULL, 
	last_update_time BIGINT NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, status_details JSON, creator VARCHAR(255), executor_backend VARCHAR(255), lease_expires_at BIGINT, status_message TEXT, progress JSON, progress_updated_at BIGINT, token_hash VARCHAR(64), scoped_permissions JSON, next_attempt_at BIGINT, 
	CONSTRAINT jobs_pk PRIMARY KEY (id)
);
CREATE TABLE label_schemas (
	schema_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(250) NOT NULL, 
	type VARCHAR(16) NOT NULL, 
	instruction TEXT, 
	enable_comment BOOLEAN DEFAULT '0' NOT NULL, 
	input_type VARCHAR(32) NOT NULL, 
	input_config TEXT NOT NULL, 
	created_by VARCHAR(255), 
	created_time BIGINT NOT NULL, 
	last_update_time BIGINT NOT NULL, 
	is_default BOOLEAN DEFAULT 0 NOT NULL, 
	CONSTRAINT label_schemas_pk PRIMARY KEY (schema_id), 
	CONSTRAINT fk_label_schemas_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE, 
	CONSTRAINT uq_label_schemas_exp_name UNIQUE (experiment_id, name)
);
CREATE TABLE "latest_metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT, 
	step BIGINT NOT NULL, 
	is_nan BOOLEAN NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT latest_metric_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO "latest_metrics" VALUES('dataset/images_train',10.0,1796129969358,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('dataset/images_val',6.0,1796129969358,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('dataset/images_test',4.0,1796129969358,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('dataset/objects_train',48.0,1796129969358,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('dataset/objects_val',29.0,1796129969358,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('dataset/objects_test',19.0,1796129969358,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('dataset/width_min',96.0,1796129969358,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('dataset/width_median',96.0,1796129969358,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('dataset/width_max',96.0,1796129969358,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('dataset/height_min',96.0,1796129969358,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('dataset/height_median',96.0,1796129969358,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('dataset/height_max',96.0,1796129969358,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('dataset/classes',10.0,1796129969358,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('dataset/images_left_out',0.0,1796129969358,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('train/box_loss',2.27691,1796129988768,20,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('train/cls_loss',2.23807,1796129988768,20,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('train/l1_loss',0.03508,1796129988768,20,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('metrics/precision',0.24309,1796129988768,20,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('metrics/recall',0.60231,1796129988768,20,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('metrics/mAP50',0.22887,1796129988768,20,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('metrics/mAP50-95',0.15491,1796129988768,20,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('val/box_loss',1.4952,1796129988768,20,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('val/cls_loss',2.39733,1796129988768,20,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('val/l1_loss',0.01619,1796129988768,20,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('lr/pg0',5.95000000000000476424e-04,1796129988768,20,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('lr/pg1',5.95000000000000476424e-04,1796129988768,20,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('lr/pg2',5.95000000000000476424e-04,1796129988768,20,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('train/batch',2.0,1796129988768,20,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('time/epoch_seconds',9.5915386000115177012e-02,1796129988768,20,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('speed/images_per_second',1.68323987452713197399e+02,1796129988768,20,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('system/memory_gb',1.117896704,1796129988768,20,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('candidate/mAP50-95',1.47692820977134681159e-01,1796130002066,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('candidate/mAP50',2.44148649190315814028e-01,1796130002066,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('candidate/precision',2.33176288348222571222e-01,1796130002066,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('candidate/recall',5.18518518518518489734e-01,1796130002066,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('candidate/latency_ms',1.98901899966585915535e+00,1796130002066,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('candidate/size_bytes',60005.0,1796130002066,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('candidate/parameters',13334.0,1796130002066,0,0,'4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "latest_metrics" VALUES('dataset/images_train',10.0,1796130023877,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('dataset/images_val',6.0,1796130023877,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('dataset/images_test',4.0,1796130023877,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('dataset/objects_train',48.0,1796130023877,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('dataset/objects_val',29.0,1796130023877,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('dataset/objects_test',19.0,1796130023877,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('dataset/width_min',96.0,1796130023877,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('dataset/width_median',96.0,1796130023877,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('dataset/width_max',96.0,1796130023877,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('dataset/height_min',96.0,1796130023877,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('dataset/height_median',96.0,1796130023877,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('dataset/height_max',96.0,1796130023877,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('dataset/classes',10.0,1796130023877,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('dataset/images_left_out',0.0,1796130023877,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('train/box_loss',2.03053,1796130041684,20,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('train/cls_loss',2.29967,1796130041684,20,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('train/l1_loss',0.03016,1796130041684,20,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('metrics/precision',0.10976,1796130041684,20,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('metrics/recall',0.42479,1796130041684,20,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('metrics/mAP50',0.22409,1796130041684,20,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('metrics/mAP50-95',0.13251,1796130041684,20,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('val/box_loss',1.35671,1796130041684,20,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('val/cls_loss',2.20702,1796130041684,20,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('val/l1_loss',0.01423,1796130041684,20,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('lr/pg0',5.95000000000000476424e-04,1796130041684,20,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('lr/pg1',5.95000000000000476424e-04,1796130041684,20,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('lr/pg2',5.95000000000000476424e-04,1796130041684,20,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('train/batch',2.0,1796130041684,20,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('time/epoch_seconds',3.26491216000249551143e-01,1796130041684,20,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('speed/images_per_second',5.56516443029278349294e+01,1796130041684,20,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('system/memory_gb',1.10688256,1796130041684,20,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('candidate/mAP50-95',1.62509329243898686945e-01,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('candidate/mAP50',2.94851132300887219805e-01,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('candidate/precision',7.43260015382780914183e-02,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('candidate/recall',4.81481481481481454753e-01,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('candidate/latency_ms',1.12300659998254559468e+01,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('candidate/size_bytes',60005.0,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('candidate/parameters',13334.0,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('champion/mAP50-95',1.47692820977134681159e-01,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('champion/mAP50',2.44148649190315814028e-01,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('champion/precision',2.33176288348222571222e-01,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('champion/recall',5.18518518518518489734e-01,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('champion/latency_ms',1.64599899972017738036e+00,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('champion/size_bytes',60005.0,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('champion/parameters',13334.0,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('delta/mAP50-95',1.48165082667640057856e-02,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('delta/mAP50',5.07024831105714057777e-02,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('delta/precision',-1.58850286809944479804e-01,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('delta/recall',-3.7037037037037034981e-02,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('delta/latency_ms',9.58406700010527856647e+00,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('delta/size_bytes',0.0,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('delta/parameters',0.0,1796130077266,0,0,'5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "latest_metrics" VALUES('dataset/images_train',10.0,1796130110917,0,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('dataset/images_val',6.0,1796130110917,0,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('dataset/images_test',4.0,1796130110917,0,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('dataset/objects_train',48.0,1796130110917,0,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('dataset/objects_val',29.0,1796130110917,0,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('dataset/objects_test',19.0,1796130110917,0,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('dataset/width_min',96.0,1796130110917,0,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('dataset/width_median',96.0,1796130110917,0,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('dataset/width_max',96.0,1796130110917,0,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('dataset/height_min',96.0,1796130110917,0,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('dataset/height_median',96.0,1796130110917,0,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('dataset/height_max',96.0,1796130110917,0,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('dataset/classes',10.0,1796130110917,0,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('dataset/images_left_out',0.0,1796130110917,0,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('train/box_loss',3.45506,1796130124534,3,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('train/cls_loss',4.2849,1796130124534,3,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('train/l1_loss',0.05547,1796130124534,3,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('metrics/precision',0.0,1796130124534,3,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('metrics/recall',0.0,1796130124534,3,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('metrics/mAP50',0.0,1796130124534,3,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('metrics/mAP50-95',0.0,1796130124534,3,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('val/box_loss',2.3571,1796130124534,3,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('val/cls_loss',4.57154,1796130124534,3,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('val/l1_loss',0.02818,1796130124534,3,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('lr/pg0',0.0067,1796130124534,3,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('lr/pg1',0.0067,1796130124534,3,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('lr/pg2',0.0067,1796130124534,3,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('train/batch',2.0,1796130124534,3,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('time/epoch_seconds',4.67696081000212871003e-01,1796130124534,3,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('speed/images_per_second',3.4323975672478312048e+01,1796130124534,3,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "latest_metrics" VALUES('system/memory_gb',1.105887232,1796130124534,3,0,'0fe7797ae1e1416ca9a3b6b648cb7ffd');
CREATE TABLE logged_model_metrics (
	model_id VARCHAR(36) NOT NULL, 
	metric_name VARCHAR(500) NOT NULL, 
	metric_timestamp_ms BIGINT NOT NULL, 
	metric_step BIGINT NOT NULL, 
	metric_value FLOAT, 
	experiment_id INTEGER NOT NULL, 
	run_id VARCHAR(32) NOT NULL, 
	dataset_uuid VARCHAR(36), 
	dataset_name VARCHAR(500), 
	dataset_digest VARCHAR(36), 
	CONSTRAINT logged_model_metrics_pk PRIMARY KEY (model_id, metric_name, metric_timestamp_ms, metric_step, run_id), 
	CONSTRAINT fk_logged_model_metrics_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_logged_model_metrics_model_id FOREIGN KEY(model_id) REFERENCES logged_models (model_id) ON DELETE CASCADE, 
	CONSTRAINT fk_logged_model_metrics_run_id FOREIGN KEY(run_id) REFERENCES runs (run_uuid) ON DELETE CASCADE
);
CREATE TABLE logged_model_params (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	param_key VARCHAR(255) NOT NULL, 
	param_value TEXT NOT NULL, 
	CONSTRAINT logged_model_params_pk PRIMARY KEY (model_id, param_key), 
	CONSTRAINT fk_logged_model_params_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_logged_model_params_model_id FOREIGN KEY(model_id) REFERENCES logged_models (model_id) ON DELETE CASCADE
);
CREATE TABLE logged_model_tags (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	tag_key VARCHAR(255) NOT NULL, 
	tag_value TEXT NOT NULL, 
	CONSTRAINT logged_model_tags_pk PRIMARY KEY (model_id, tag_key), 
	CONSTRAINT fk_logged_model_tags_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_logged_model_tags_model_id FOREIGN KEY(model_id) REFERENCES logged_models (model_id) ON DELETE CASCADE
);
INSERT INTO "logged_model_tags" VALUES('m-f2fe5572eb3c40318877d6ff6588faa2',1,'weights.sha256','40ea7d6327d12a2b26fe40052d6022e55cdea9175c9ffd53e5493ac9a5a270f0');
INSERT INTO "logged_model_tags" VALUES('m-f2fe5572eb3c40318877d6ff6588faa2',1,'mlflow.modelVersions','[{"name": "digits", "version": "1"}]');
INSERT INTO "logged_model_tags" VALUES('m-1ebb392352f4414bbbd0e1aed4cdd497',1,'weights.sha256','fd263fb8c1c02b05247118018d8c6e5beb65c3e4957b28d1dd832a6cb7fda9e6');
INSERT INTO "logged_model_tags" VALUES('m-1ebb392352f4414bbbd0e1aed4cdd497',1,'mlflow.modelVersions','[{"name": "digits", "version": "2"}]');
CREATE TABLE logged_models (
	model_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(500) NOT NULL, 
	artifact_location VARCHAR(1000) NOT NULL, 
	creation_timestamp_ms BIGINT NOT NULL, 
	last_updated_timestamp_ms BIGINT NOT NULL, 
	status INTEGER NOT NULL, 
	lifecycle_stage VARCHAR(32), 
	model_type VARCHAR(500), 
	source_run_id VARCHAR(32), 
	status_message VARCHAR(1000), 
	CONSTRAINT logged_models_pk PRIMARY KEY (model_id), 
	CONSTRAINT logged_models_lifecycle_stage_check CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT fk_logged_models_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
INSERT INTO "logged_models" VALUES('m-f2fe5572eb3c40318877d6ff6588faa2',1,'model','{folder}/mlruns/1/models/m-f2fe5572eb3c40318877d6ff6588faa2/artifacts',1796130010328,1796130014048,2,'active',NULL,'4af50f08f23f4b3e8445926069d4e101',NULL);
INSERT INTO "logged_models" VALUES('m-1ebb392352f4414bbbd0e1aed4cdd497',1,'model','{folder}/mlruns/1/models/m-1ebb392352f4414bbbd0e1aed4cdd497/artifacts',1796130087913,1796130095022,2,'active',NULL,'5e774f7e68654e01b392cdbb2e432a16',NULL);
CREATE TABLE mcp_access_endpoints (
	id VARCHAR(36) NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	server_name VARCHAR(256) NOT NULL, 
	server_version VARCHAR(128), 
	server_alias VARCHAR(256), 
	url VARCHAR(2048) NOT NULL, 
	transport_type VARCHAR(32) DEFAULT 'streamable-http' NOT NULL, 
	created_by VARCHAR(256), 
	last_updated_by VARCHAR(256), 
	created_at BIGINT NOT NULL, 
	last_updated_at BIGINT NOT NULL, 
	CONSTRAINT mcp_access_endpoints_pk PRIMARY KEY (id), 
	CONSTRAINT mcp_access_endpoints_server_fkey FOREIGN KEY(workspace, server_name) REFERENCES mcp_servers (workspace, name) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE mcp_server_aliases (
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	alias VARCHAR(256) NOT NULL, 
	version VARCHAR(128) NOT NULL, 
	CONSTRAINT mcp_server_aliases_pk PRIMARY KEY (workspace, name, alias), 
	CONSTRAINT mcp_server_aliases_server_fkey FOREIGN KEY(workspace, name) REFERENCES mcp_servers (workspace, name) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE mcp_server_tags (
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	CONSTRAINT mcp_server_tags_pk PRIMARY KEY (workspace, name, "key"), 
	CONSTRAINT mcp_server_tags_server_fkey FOREIGN KEY(workspace, name) REFERENCES mcp_servers (workspace, name) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE mcp_server_version_tags (
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	version VARCHAR(128) NOT NULL, 
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	CONSTRAINT mcp_server_version_tags_pk PRIMARY KEY (workspace, name, version, "key"), 
	CONSTRAINT mcp_server_version_tags_version_fkey FOREIGN KEY(workspace, name, version) REFERENCES mcp_server_versions (workspace, name, version) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE mcp_server_versions (
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	version VARCHAR(128) NOT NULL, 
	version_major INTEGER NOT NULL, 
	version_minor INTEGER NOT NULL, 
	version_patch INTEGER NOT NULL, 
	version_prerelease_sort_key VARCHAR(512) NOT NULL, 
	server_json JSON NOT NULL, 
	status VARCHAR(20) DEFAULT 'draft' NOT NULL, 
	tools JSON, 
	source VARCHAR(512), 
	connect_options JSON, 
	created_by VARCHAR(256), 
	last_updated_by VARCHAR(256), 
	created_at BIGINT NOT NULL, 
	last_updated_at BIGINT NOT NULL, 
	CONSTRAINT mcp_server_versions_pk PRIMARY KEY (workspace, name, version), 
	CONSTRAINT mcp_server_versions_server_fkey FOREIGN KEY(workspace, name) REFERENCES mcp_servers (workspace, name) ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE TABLE mcp_servers (
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	display_name VARCHAR(256), 
	description TEXT, 
	icons JSON, 
	created_by VARCHAR(256), 
	last_updated_by VARCHAR(256), 
	created_at BIGINT NOT NULL, 
	last_updated_at BIGINT NOT NULL, 
	CONSTRAINT mcp_servers_pk PRIMARY KEY (workspace, name)
);
CREATE TABLE "metrics" (
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT NOT NULL, 
	timestamp BIGINT NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	step BIGINT DEFAULT '0' NOT NULL, 
	is_nan BOOLEAN DEFAULT '0' NOT NULL, 
	CONSTRAINT metric_pk PRIMARY KEY ("key", timestamp, step, run_uuid, value, is_nan), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid), 
	CHECK (is_nan IN (0, 1))
);
INSERT INTO "metrics" VALUES('dataset/images_train',10.0,1796129969358,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('dataset/images_val',6.0,1796129969358,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('dataset/images_test',4.0,1796129969358,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('dataset/objects_train',48.0,1796129969358,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('dataset/objects_val',29.0,1796129969358,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('dataset/objects_test',19.0,1796129969358,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('dataset/width_min',96.0,1796129969358,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('dataset/width_median',96.0,1796129969358,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('dataset/width_max',96.0,1796129969358,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('dataset/height_min',96.0,1796129969358,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('dataset/height_median',96.0,1796129969358,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('dataset/height_max',96.0,1796129969358,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('dataset/classes',10.0,1796129969358,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('dataset/images_left_out',0.0,1796129969358,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('train/box_loss',3.9427,1796129986174,'4af50f08f23f4b3e8445926069d4e101',1,0);
INSERT INTO "metrics" VALUES('train/cls_loss',4.70439,1796129986174,'4af50f08f23f4b3e8445926069d4e101',1,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.07482,1796129986174,'4af50f08f23f4b3e8445926069d4e101',1,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.0,1796129986174,'4af50f08f23f4b3e8445926069d4e101',1,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.0,1796129986174,'4af50f08f23f4b3e8445926069d4e101',1,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.0,1796129986174,'4af50f08f23f4b3e8445926069d4e101',1,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.0,1796129986174,'4af50f08f23f4b3e8445926069d4e101',1,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.3356,1796129986174,'4af50f08f23f4b3e8445926069d4e101',1,0);
INSERT INTO "metrics" VALUES('val/cls_loss',4.63065,1796129986174,'4af50f08f23f4b3e8445926069d4e101',1,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02735,1796129986174,'4af50f08f23f4b3e8445926069d4e101',1,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.008,1796129986174,'4af50f08f23f4b3e8445926069d4e101',1,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.008,1796129986174,'4af50f08f23f4b3e8445926069d4e101',1,0);
INSERT INTO "metrics" VALUES('lr/pg2',2.79999999999999971134e-02,1796129986174,'4af50f08f23f4b3e8445926069d4e101',1,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129986174,'4af50f08f23f4b3e8445926069d4e101',1,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',3.22495447999926909687e-01,1796129986174,'4af50f08f23f4b3e8445926069d4e101',1,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',1.0748367443917265973e+02,1796129986174,'4af50f08f23f4b3e8445926069d4e101',1,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.115377664,1796129986174,'4af50f08f23f4b3e8445926069d4e101',1,0);
INSERT INTO "metrics" VALUES('train/box_loss',3.73091,1796129986290,'4af50f08f23f4b3e8445926069d4e101',2,0);
INSERT INTO "metrics" VALUES('train/cls_loss',4.39134,1796129986290,'4af50f08f23f4b3e8445926069d4e101',2,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.05735,1796129986290,'4af50f08f23f4b3e8445926069d4e101',2,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.0,1796129986290,'4af50f08f23f4b3e8445926069d4e101',2,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.0,1796129986290,'4af50f08f23f4b3e8445926069d4e101',2,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.0,1796129986290,'4af50f08f23f4b3e8445926069d4e101',2,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.0,1796129986290,'4af50f08f23f4b3e8445926069d4e101',2,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.32136,1796129986290,'4af50f08f23f4b3e8445926069d4e101',2,0);
INSERT INTO "metrics" VALUES('val/cls_loss',4.59378,1796129986290,'4af50f08f23f4b3e8445926069d4e101',2,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02729,1796129986290,'4af50f08f23f4b3e8445926069d4e101',2,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.009505,1796129986290,'4af50f08f23f4b3e8445926069d4e101',2,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.009505,1796129986290,'4af50f08f23f4b3e8445926069d4e101',2,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.009505,1796129986290,'4af50f08f23f4b3e8445926069d4e101',2,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129986290,'4af50f08f23f4b3e8445926069d4e101',2,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',1.09728129999894008506e-01,1796129986290,'4af50f08f23f4b3e8445926069d4e101',2,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',1.25329943609799855154e+02,1796129986290,'4af50f08f23f4b3e8445926069d4e101',2,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.115807744,1796129986290,'4af50f08f23f4b3e8445926069d4e101',2,0);
INSERT INTO "metrics" VALUES('train/box_loss',3.44378,1796129986375,'4af50f08f23f4b3e8445926069d4e101',3,0);
INSERT INTO "metrics" VALUES('train/cls_loss',4.22269,1796129986375,'4af50f08f23f4b3e8445926069d4e101',3,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.05499,1796129986375,'4af50f08f23f4b3e8445926069d4e101',3,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.0,1796129986375,'4af50f08f23f4b3e8445926069d4e101',3,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.0,1796129986375,'4af50f08f23f4b3e8445926069d4e101',3,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.0,1796129986375,'4af50f08f23f4b3e8445926069d4e101',3,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.0,1796129986375,'4af50f08f23f4b3e8445926069d4e101',3,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.31734,1796129986375,'4af50f08f23f4b3e8445926069d4e101',3,0);
INSERT INTO "metrics" VALUES('val/cls_loss',4.53677,1796129986375,'4af50f08f23f4b3e8445926069d4e101',3,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.0277,1796129986375,'4af50f08f23f4b3e8445926069d4e101',3,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.00901,1796129986375,'4af50f08f23f4b3e8445926069d4e101',3,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.00901,1796129986375,'4af50f08f23f4b3e8445926069d4e101',3,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.00901,1796129986375,'4af50f08f23f4b3e8445926069d4e101',3,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129986375,'4af50f08f23f4b3e8445926069d4e101',3,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',8.38275340001928270794e-02,1796129986375,'4af50f08f23f4b3e8445926069d4e101',3,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',1.89890780709409625615e+02,1796129986375,'4af50f08f23f4b3e8445926069d4e101',3,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.115836416,1796129986375,'4af50f08f23f4b3e8445926069d4e101',3,0);
INSERT INTO "metrics" VALUES('train/box_loss',3.20159,1796129986464,'4af50f08f23f4b3e8445926069d4e101',4,0);
INSERT INTO "metrics" VALUES('train/cls_loss',3.7764,1796129986464,'4af50f08f23f4b3e8445926069d4e101',4,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.05081,1796129986464,'4af50f08f23f4b3e8445926069d4e101',4,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.0,1796129986464,'4af50f08f23f4b3e8445926069d4e101',4,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.0,1796129986464,'4af50f08f23f4b3e8445926069d4e101',4,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.0,1796129986464,'4af50f08f23f4b3e8445926069d4e101',4,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.0,1796129986464,'4af50f08f23f4b3e8445926069d4e101',4,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.17686,1796129986464,'4af50f08f23f4b3e8445926069d4e101',4,0);
INSERT INTO "metrics" VALUES('val/cls_loss',4.393,1796129986464,'4af50f08f23f4b3e8445926069d4e101',4,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02571,1796129986464,'4af50f08f23f4b3e8445926069d4e101',4,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.008515,1796129986464,'4af50f08f23f4b3e8445926069d4e101',4,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.008515,1796129986464,'4af50f08f23f4b3e8445926069d4e101',4,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.008515,1796129986464,'4af50f08f23f4b3e8445926069d4e101',4,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129986464,'4af50f08f23f4b3e8445926069d4e101',4,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',8.74774330000036570709e-02,1796129986464,'4af50f08f23f4b3e8445926069d4e101',4,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',1.78276079227594095753e+02,1796129986464,'4af50f08f23f4b3e8445926069d4e101',4,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.115856896,1796129986464,'4af50f08f23f4b3e8445926069d4e101',4,0);
INSERT INTO "metrics" VALUES('train/box_loss',3.00749,1796129986672,'4af50f08f23f4b3e8445926069d4e101',5,0);
INSERT INTO "metrics" VALUES('train/cls_loss',3.51049,1796129986672,'4af50f08f23f4b3e8445926069d4e101',5,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.04865,1796129986672,'4af50f08f23f4b3e8445926069d4e101',5,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.08611,1796129986672,'4af50f08f23f4b3e8445926069d4e101',5,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.13333,1796129986672,'4af50f08f23f4b3e8445926069d4e101',5,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.0835,1796129986672,'4af50f08f23f4b3e8445926069d4e101',5,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.03343,1796129986672,'4af50f08f23f4b3e8445926069d4e101',5,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.2163,1796129986672,'4af50f08f23f4b3e8445926069d4e101',5,0);
INSERT INTO "metrics" VALUES('val/cls_loss',4.05719,1796129986672,'4af50f08f23f4b3e8445926069d4e101',5,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.0264,1796129986672,'4af50f08f23f4b3e8445926069d4e101',5,0);
INSERT INTO "metrics" VALUES('lr/pg0',8.02000000000000108635e-03,1796129986672,'4af50f08f23f4b3e8445926069d4e101',5,0);
INSERT INTO "metrics" VALUES('lr/pg1',8.02000000000000108635e-03,1796129986672,'4af50f08f23f4b3e8445926069d4e101',5,0);
INSERT INTO "metrics" VALUES('lr/pg2',8.02000000000000108635e-03,1796129986672,'4af50f08f23f4b3e8445926069d4e101',5,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129986672,'4af50f08f23f4b3e8445926069d4e101',5,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',2.06562802999997074948e-01,1796129986672,'4af50f08f23f4b3e8445926069d4e101',5,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',6.40700062717767337971e+01,1796129986672,'4af50f08f23f4b3e8445926069d4e101',5,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.11652864,1796129986672,'4af50f08f23f4b3e8445926069d4e101',5,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.22794,1796129986807,'4af50f08f23f4b3e8445926069d4e101',6,0);
INSERT INTO "metrics" VALUES('train/cls_loss',3.24365,1796129986807,'4af50f08f23f4b3e8445926069d4e101',6,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03738,1796129986807,'4af50f08f23f4b3e8445926069d4e101',6,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.05712,1796129986807,'4af50f08f23f4b3e8445926069d4e101',6,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.64167,1796129986807,'4af50f08f23f4b3e8445926069d4e101',6,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.17533,1796129986807,'4af50f08f23f4b3e8445926069d4e101',6,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.09227,1796129986807,'4af50f08f23f4b3e8445926069d4e101',6,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.88306,1796129986807,'4af50f08f23f4b3e8445926069d4e101',6,0);
INSERT INTO "metrics" VALUES('val/cls_loss',3.64426,1796129986807,'4af50f08f23f4b3e8445926069d4e101',6,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02157,1796129986807,'4af50f08f23f4b3e8445926069d4e101',6,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.007525,1796129986807,'4af50f08f23f4b3e8445926069d4e101',6,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.007525,1796129986807,'4af50f08f23f4b3e8445926069d4e101',6,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.007525,1796129986807,'4af50f08f23f4b3e8445926069d4e101',6,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129986807,'4af50f08f23f4b3e8445926069d4e101',6,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',1.32815789999995104153e-01,1796129986807,'4af50f08f23f4b3e8445926069d4e101',6,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',1.22538145849390147648e+02,1796129986807,'4af50f08f23f4b3e8445926069d4e101',6,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.116614656,1796129986807,'4af50f08f23f4b3e8445926069d4e101',6,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.6561,1796129986994,'4af50f08f23f4b3e8445926069d4e101',7,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.9852,1796129986994,'4af50f08f23f4b3e8445926069d4e101',7,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.04279,1796129986994,'4af50f08f23f4b3e8445926069d4e101',7,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.0463,1796129986994,'4af50f08f23f4b3e8445926069d4e101',7,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.85833,1796129986994,'4af50f08f23f4b3e8445926069d4e101',7,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.18351,1796129986994,'4af50f08f23f4b3e8445926069d4e101',7,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.08467,1796129986994,'4af50f08f23f4b3e8445926069d4e101',7,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.11118,1796129986994,'4af50f08f23f4b3e8445926069d4e101',7,0);
INSERT INTO "metrics" VALUES('val/cls_loss',3.3119,1796129986994,'4af50f08f23f4b3e8445926069d4e101',7,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02511,1796129986994,'4af50f08f23f4b3e8445926069d4e101',7,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.00703,1796129986994,'4af50f08f23f4b3e8445926069d4e101',7,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.00703,1796129986994,'4af50f08f23f4b3e8445926069d4e101',7,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.00703,1796129986994,'4af50f08f23f4b3e8445926069d4e101',7,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129986994,'4af50f08f23f4b3e8445926069d4e101',7,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',1.85432103000039205653e-01,1796129986994,'4af50f08f23f4b3e8445926069d4e101',7,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',7.98189291628041530657e+01,1796129986994,'4af50f08f23f4b3e8445926069d4e101',7,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.116696576,1796129986994,'4af50f08f23f4b3e8445926069d4e101',7,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.45233,1796129987129,'4af50f08f23f4b3e8445926069d4e101',8,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.66548,1796129987129,'4af50f08f23f4b3e8445926069d4e101',8,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03407,1796129987129,'4af50f08f23f4b3e8445926069d4e101',8,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.04534,1796129987129,'4af50f08f23f4b3e8445926069d4e101',8,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.91667,1796129987129,'4af50f08f23f4b3e8445926069d4e101',8,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.2102,1796129987129,'4af50f08f23f4b3e8445926069d4e101',8,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.09019,1796129987129,'4af50f08f23f4b3e8445926069d4e101',8,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.24423,1796129987129,'4af50f08f23f4b3e8445926069d4e101',8,0);
INSERT INTO "metrics" VALUES('val/cls_loss',3.19066,1796129987129,'4af50f08f23f4b3e8445926069d4e101',8,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02736,1796129987129,'4af50f08f23f4b3e8445926069d4e101',8,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.006535,1796129987129,'4af50f08f23f4b3e8445926069d4e101',8,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.006535,1796129987129,'4af50f08f23f4b3e8445926069d4e101',8,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.006535,1796129987129,'4af50f08f23f4b3e8445926069d4e101',8,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129987129,'4af50f08f23f4b3e8445926069d4e101',8,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',1.33527138000090417335e-01,1796129987129,'4af50f08f23f4b3e8445926069d4e101',8,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',1.21098238960211247673e+02,1796129987129,'4af50f08f23f4b3e8445926069d4e101',8,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.116745728,1796129987129,'4af50f08f23f4b3e8445926069d4e101',8,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.66227,1796129987313,'4af50f08f23f4b3e8445926069d4e101',9,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.79962,1796129987313,'4af50f08f23f4b3e8445926069d4e101',9,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03776,1796129987313,'4af50f08f23f4b3e8445926069d4e101',9,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.04925,1796129987313,'4af50f08f23f4b3e8445926069d4e101',9,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.975,1796129987313,'4af50f08f23f4b3e8445926069d4e101',9,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.25663,1796129987313,'4af50f08f23f4b3e8445926069d4e101',9,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.11961,1796129987313,'4af50f08f23f4b3e8445926069d4e101',9,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.085,1796129987313,'4af50f08f23f4b3e8445926069d4e101',9,0);
INSERT INTO "metrics" VALUES('val/cls_loss',3.30146,1796129987313,'4af50f08f23f4b3e8445926069d4e101',9,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02456,1796129987313,'4af50f08f23f4b3e8445926069d4e101',9,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.00604,1796129987313,'4af50f08f23f4b3e8445926069d4e101',9,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.00604,1796129987313,'4af50f08f23f4b3e8445926069d4e101',9,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.00604,1796129987313,'4af50f08f23f4b3e8445926069d4e101',9,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129987313,'4af50f08f23f4b3e8445926069d4e101',9,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',1.8242319299997689086e-01,1796129987313,'4af50f08f23f4b3e8445926069d4e101',9,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',92.6554739163419,1796129987313,'4af50f08f23f4b3e8445926069d4e101',9,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.117048832,1796129987313,'4af50f08f23f4b3e8445926069d4e101',9,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.7472,1796129987419,'4af50f08f23f4b3e8445926069d4e101',10,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.72199,1796129987419,'4af50f08f23f4b3e8445926069d4e101',10,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.04573,1796129987419,'4af50f08f23f4b3e8445926069d4e101',10,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.05277,1796129987419,'4af50f08f23f4b3e8445926069d4e101',10,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.94167,1796129987419,'4af50f08f23f4b3e8445926069d4e101',10,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.29226,1796129987419,'4af50f08f23f4b3e8445926069d4e101',10,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.12632,1796129987419,'4af50f08f23f4b3e8445926069d4e101',10,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.02381,1796129987419,'4af50f08f23f4b3e8445926069d4e101',10,0);
INSERT INTO "metrics" VALUES('val/cls_loss',3.42897,1796129987419,'4af50f08f23f4b3e8445926069d4e101',10,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.024,1796129987419,'4af50f08f23f4b3e8445926069d4e101',10,0);
INSERT INTO "metrics" VALUES('lr/pg0',5.54500000000000044936e-03,1796129987419,'4af50f08f23f4b3e8445926069d4e101',10,0);
INSERT INTO "metrics" VALUES('lr/pg1',5.54500000000000044936e-03,1796129987419,'4af50f08f23f4b3e8445926069d4e101',10,0);
INSERT INTO "metrics" VALUES('lr/pg2',5.54500000000000044936e-03,1796129987419,'4af50f08f23f4b3e8445926069d4e101',10,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129987419,'4af50f08f23f4b3e8445926069d4e101',10,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',1.04898700000148892286e-01,1796129987419,'4af50f08f23f4b3e8445926069d4e101',10,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',1.54400217840153317181e+02,1796129987419,'4af50f08f23f4b3e8445926069d4e101',10,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.11706112,1796129987419,'4af50f08f23f4b3e8445926069d4e101',10,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.14123,1796129987590,'4af50f08f23f4b3e8445926069d4e101',11,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.47481,1796129987590,'4af50f08f23f4b3e8445926069d4e101',11,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03641,1796129987590,'4af50f08f23f4b3e8445926069d4e101',11,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.04904,1796129987590,'4af50f08f23f4b3e8445926069d4e101',11,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.91667,1796129987590,'4af50f08f23f4b3e8445926069d4e101',11,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.24959,1796129987590,'4af50f08f23f4b3e8445926069d4e101',11,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.13178,1796129987590,'4af50f08f23f4b3e8445926069d4e101',11,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.14885,1796129987590,'4af50f08f23f4b3e8445926069d4e101',11,0);
INSERT INTO "metrics" VALUES('val/cls_loss',3.41573,1796129987590,'4af50f08f23f4b3e8445926069d4e101',11,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02625,1796129987590,'4af50f08f23f4b3e8445926069d4e101',11,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.00505,1796129987590,'4af50f08f23f4b3e8445926069d4e101',11,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.00505,1796129987590,'4af50f08f23f4b3e8445926069d4e101',11,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.00505,1796129987590,'4af50f08f23f4b3e8445926069d4e101',11,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129987590,'4af50f08f23f4b3e8445926069d4e101',11,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',1.6878456899985394557e-01,1796129987590,'4af50f08f23f4b3e8445926069d4e101',11,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',1.11918264390636963408e+02,1796129987590,'4af50f08f23f4b3e8445926069d4e101',11,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.118339072,1796129987590,'4af50f08f23f4b3e8445926069d4e101',11,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.54767,1796129987744,'4af50f08f23f4b3e8445926069d4e101',12,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.55004,1796129987744,'4af50f08f23f4b3e8445926069d4e101',12,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03584,1796129987744,'4af50f08f23f4b3e8445926069d4e101',12,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.0488,1796129987744,'4af50f08f23f4b3e8445926069d4e101',12,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.91667,1796129987744,'4af50f08f23f4b3e8445926069d4e101',12,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.2908,1796129987744,'4af50f08f23f4b3e8445926069d4e101',12,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.15995,1796129987744,'4af50f08f23f4b3e8445926069d4e101',12,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.16088,1796129987744,'4af50f08f23f4b3e8445926069d4e101',12,0);
INSERT INTO "metrics" VALUES('val/cls_loss',3.2882,1796129987744,'4af50f08f23f4b3e8445926069d4e101',12,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02631,1796129987744,'4af50f08f23f4b3e8445926069d4e101',12,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.004555,1796129987744,'4af50f08f23f4b3e8445926069d4e101',12,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.004555,1796129987744,'4af50f08f23f4b3e8445926069d4e101',12,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.004555,1796129987744,'4af50f08f23f4b3e8445926069d4e101',12,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129987744,'4af50f08f23f4b3e8445926069d4e101',12,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',1.52079447000005529844e-01,1796129987744,'4af50f08f23f4b3e8445926069d4e101',12,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',9.38967294848408897713e+01,1796129987744,'4af50f08f23f4b3e8445926069d4e101',12,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.118384128,1796129987744,'4af50f08f23f4b3e8445926069d4e101',12,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.31283,1796129987864,'4af50f08f23f4b3e8445926069d4e101',13,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.31016,1796129987864,'4af50f08f23f4b3e8445926069d4e101',13,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03844,1796129987864,'4af50f08f23f4b3e8445926069d4e101',13,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.0527,1796129987864,'4af50f08f23f4b3e8445926069d4e101',13,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.96667,1796129987864,'4af50f08f23f4b3e8445926069d4e101',13,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.22546,1796129987864,'4af50f08f23f4b3e8445926069d4e101',13,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.12375,1796129987864,'4af50f08f23f4b3e8445926069d4e101',13,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.02261,1796129987864,'4af50f08f23f4b3e8445926069d4e101',13,0);
INSERT INTO "metrics" VALUES('val/cls_loss',3.03416,1796129987864,'4af50f08f23f4b3e8445926069d4e101',13,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02448,1796129987864,'4af50f08f23f4b3e8445926069d4e101',13,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.00406,1796129987864,'4af50f08f23f4b3e8445926069d4e101',13,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.00406,1796129987864,'4af50f08f23f4b3e8445926069d4e101',13,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.00406,1796129987864,'4af50f08f23f4b3e8445926069d4e101',13,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129987864,'4af50f08f23f4b3e8445926069d4e101',13,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',1.18090454000139288837e-01,1796129987864,'4af50f08f23f4b3e8445926069d4e101',13,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',1.53196492302469124526e+02,1796129987864,'4af50f08f23f4b3e8445926069d4e101',13,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.118388224,1796129987864,'4af50f08f23f4b3e8445926069d4e101',13,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.30936,1796129988026,'4af50f08f23f4b3e8445926069d4e101',14,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.35744,1796129988026,'4af50f08f23f4b3e8445926069d4e101',14,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03794,1796129988026,'4af50f08f23f4b3e8445926069d4e101',14,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.08265,1796129988026,'4af50f08f23f4b3e8445926069d4e101',14,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.79167,1796129988026,'4af50f08f23f4b3e8445926069d4e101',14,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.30243,1796129988026,'4af50f08f23f4b3e8445926069d4e101',14,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.15728,1796129988026,'4af50f08f23f4b3e8445926069d4e101',14,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.06916,1796129988026,'4af50f08f23f4b3e8445926069d4e101',14,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.88804,1796129988026,'4af50f08f23f4b3e8445926069d4e101',14,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02512,1796129988026,'4af50f08f23f4b3e8445926069d4e101',14,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.003565,1796129988026,'4af50f08f23f4b3e8445926069d4e101',14,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.003565,1796129988026,'4af50f08f23f4b3e8445926069d4e101',14,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.003565,1796129988026,'4af50f08f23f4b3e8445926069d4e101',14,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129988026,'4af50f08f23f4b3e8445926069d4e101',14,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',1.60577273999933822778e-01,1796129988026,'4af50f08f23f4b3e8445926069d4e101',14,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',8.72971140865289925176e+01,1796129988026,'4af50f08f23f4b3e8445926069d4e101',14,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.117843456,1796129988026,'4af50f08f23f4b3e8445926069d4e101',14,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.11327,1796129988126,'4af50f08f23f4b3e8445926069d4e101',15,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.25662,1796129988126,'4af50f08f23f4b3e8445926069d4e101',15,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03049,1796129988126,'4af50f08f23f4b3e8445926069d4e101',15,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.11396,1796129988126,'4af50f08f23f4b3e8445926069d4e101',15,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.7,1796129988126,'4af50f08f23f4b3e8445926069d4e101',15,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.29724,1796129988126,'4af50f08f23f4b3e8445926069d4e101',15,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.16388,1796129988126,'4af50f08f23f4b3e8445926069d4e101',15,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.90302,1796129988126,'4af50f08f23f4b3e8445926069d4e101',15,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.73209,1796129988126,'4af50f08f23f4b3e8445926069d4e101',15,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02246,1796129988126,'4af50f08f23f4b3e8445926069d4e101',15,0);
INSERT INTO "metrics" VALUES('lr/pg0',3.07000000000000067973e-03,1796129988126,'4af50f08f23f4b3e8445926069d4e101',15,0);
INSERT INTO "metrics" VALUES('lr/pg1',3.07000000000000067973e-03,1796129988126,'4af50f08f23f4b3e8445926069d4e101',15,0);
INSERT INTO "metrics" VALUES('lr/pg2',3.07000000000000067973e-03,1796129988126,'4af50f08f23f4b3e8445926069d4e101',15,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129988126,'4af50f08f23f4b3e8445926069d4e101',15,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',9.83367379999435797799e-02,1796129988126,'4af50f08f23f4b3e8445926069d4e101',15,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',1.66755185877749141807e+02,1796129988126,'4af50f08f23f4b3e8445926069d4e101',15,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.117843456,1796129988126,'4af50f08f23f4b3e8445926069d4e101',15,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.25569,1796129988227,'4af50f08f23f4b3e8445926069d4e101',16,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.24504,1796129988227,'4af50f08f23f4b3e8445926069d4e101',16,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03485,1796129988227,'4af50f08f23f4b3e8445926069d4e101',16,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.19042,1796129988227,'4af50f08f23f4b3e8445926069d4e101',16,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.61322,1796129988227,'4af50f08f23f4b3e8445926069d4e101',16,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.30028,1796129988227,'4af50f08f23f4b3e8445926069d4e101',16,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.18854,1796129988227,'4af50f08f23f4b3e8445926069d4e101',16,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.79104,1796129988227,'4af50f08f23f4b3e8445926069d4e101',16,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.58468,1796129988227,'4af50f08f23f4b3e8445926069d4e101',16,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02052,1796129988227,'4af50f08f23f4b3e8445926069d4e101',16,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.002575,1796129988227,'4af50f08f23f4b3e8445926069d4e101',16,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.002575,1796129988227,'4af50f08f23f4b3e8445926069d4e101',16,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.002575,1796129988227,'4af50f08f23f4b3e8445926069d4e101',16,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129988227,'4af50f08f23f4b3e8445926069d4e101',16,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',9.89019690000532136764e-02,1796129988227,'4af50f08f23f4b3e8445926069d4e101',16,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',1.65479741159028407087e+02,1796129988227,'4af50f08f23f4b3e8445926069d4e101',16,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.117847552,1796129988227,'4af50f08f23f4b3e8445926069d4e101',16,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.09313,1796129988389,'4af50f08f23f4b3e8445926069d4e101',17,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.30461,1796129988389,'4af50f08f23f4b3e8445926069d4e101',17,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.02796,1796129988389,'4af50f08f23f4b3e8445926069d4e101',17,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.21941,1796129988389,'4af50f08f23f4b3e8445926069d4e101',17,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.55833,1796129988389,'4af50f08f23f4b3e8445926069d4e101',17,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.30684,1796129988389,'4af50f08f23f4b3e8445926069d4e101',17,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.21513,1796129988389,'4af50f08f23f4b3e8445926069d4e101',17,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.66979,1796129988389,'4af50f08f23f4b3e8445926069d4e101',17,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.47308,1796129988389,'4af50f08f23f4b3e8445926069d4e101',17,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.01868,1796129988389,'4af50f08f23f4b3e8445926069d4e101',17,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.00208,1796129988389,'4af50f08f23f4b3e8445926069d4e101',17,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.00208,1796129988389,'4af50f08f23f4b3e8445926069d4e101',17,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.00208,1796129988389,'4af50f08f23f4b3e8445926069d4e101',17,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129988389,'4af50f08f23f4b3e8445926069d4e101',17,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',1.60300406999795086449e-01,1796129988389,'4af50f08f23f4b3e8445926069d4e101',17,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',81.6656793286157,1796129988389,'4af50f08f23f4b3e8445926069d4e101',17,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.117835264,1796129988389,'4af50f08f23f4b3e8445926069d4e101',17,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.05645,1796129988499,'4af50f08f23f4b3e8445926069d4e101',18,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.30746,1796129988499,'4af50f08f23f4b3e8445926069d4e101',18,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03407,1796129988499,'4af50f08f23f4b3e8445926069d4e101',18,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.23138,1796129988499,'4af50f08f23f4b3e8445926069d4e101',18,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.65833,1796129988499,'4af50f08f23f4b3e8445926069d4e101',18,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.29291,1796129988499,'4af50f08f23f4b3e8445926069d4e101',18,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.2015,1796129988499,'4af50f08f23f4b3e8445926069d4e101',18,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.63807,1796129988499,'4af50f08f23f4b3e8445926069d4e101',18,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.45443,1796129988499,'4af50f08f23f4b3e8445926069d4e101',18,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.01823,1796129988499,'4af50f08f23f4b3e8445926069d4e101',18,0);
INSERT INTO "metrics" VALUES('lr/pg0',1.58500000000000025417e-03,1796129988499,'4af50f08f23f4b3e8445926069d4e101',18,0);
INSERT INTO "metrics" VALUES('lr/pg1',1.58500000000000025417e-03,1796129988499,'4af50f08f23f4b3e8445926069d4e101',18,0);
INSERT INTO "metrics" VALUES('lr/pg2',1.58500000000000025417e-03,1796129988499,'4af50f08f23f4b3e8445926069d4e101',18,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129988499,'4af50f08f23f4b3e8445926069d4e101',18,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',1.09451233000072534196e-01,1796129988499,'4af50f08f23f4b3e8445926069d4e101',18,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',1.46983991385702921668e+02,1796129988499,'4af50f08f23f4b3e8445926069d4e101',18,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.117835264,1796129988499,'4af50f08f23f4b3e8445926069d4e101',18,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.35811,1796129988670,'4af50f08f23f4b3e8445926069d4e101',19,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.34513,1796129988670,'4af50f08f23f4b3e8445926069d4e101',19,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.02821,1796129988670,'4af50f08f23f4b3e8445926069d4e101',19,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.23359,1796129988670,'4af50f08f23f4b3e8445926069d4e101',19,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.41792,1796129988670,'4af50f08f23f4b3e8445926069d4e101',19,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.24295,1796129988670,'4af50f08f23f4b3e8445926069d4e101',19,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.16658,1796129988670,'4af50f08f23f4b3e8445926069d4e101',19,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.54361,1796129988670,'4af50f08f23f4b3e8445926069d4e101',19,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.41374,1796129988670,'4af50f08f23f4b3e8445926069d4e101',19,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.01684,1796129988670,'4af50f08f23f4b3e8445926069d4e101',19,0);
INSERT INTO "metrics" VALUES('lr/pg0',1.08999999999999982319e-03,1796129988670,'4af50f08f23f4b3e8445926069d4e101',19,0);
INSERT INTO "metrics" VALUES('lr/pg1',1.08999999999999982319e-03,1796129988670,'4af50f08f23f4b3e8445926069d4e101',19,0);
INSERT INTO "metrics" VALUES('lr/pg2',1.08999999999999982319e-03,1796129988670,'4af50f08f23f4b3e8445926069d4e101',19,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129988670,'4af50f08f23f4b3e8445926069d4e101',19,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',1.69811486000071454327e-01,1796129988670,'4af50f08f23f4b3e8445926069d4e101',19,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',1.08640327087252501318e+02,1796129988670,'4af50f08f23f4b3e8445926069d4e101',19,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.117896704,1796129988670,'4af50f08f23f4b3e8445926069d4e101',19,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.27691,1796129988768,'4af50f08f23f4b3e8445926069d4e101',20,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.23807,1796129988768,'4af50f08f23f4b3e8445926069d4e101',20,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03508,1796129988768,'4af50f08f23f4b3e8445926069d4e101',20,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.24309,1796129988768,'4af50f08f23f4b3e8445926069d4e101',20,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.60231,1796129988768,'4af50f08f23f4b3e8445926069d4e101',20,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.22887,1796129988768,'4af50f08f23f4b3e8445926069d4e101',20,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.15491,1796129988768,'4af50f08f23f4b3e8445926069d4e101',20,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.4952,1796129988768,'4af50f08f23f4b3e8445926069d4e101',20,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.39733,1796129988768,'4af50f08f23f4b3e8445926069d4e101',20,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.01619,1796129988768,'4af50f08f23f4b3e8445926069d4e101',20,0);
INSERT INTO "metrics" VALUES('lr/pg0',5.95000000000000476424e-04,1796129988768,'4af50f08f23f4b3e8445926069d4e101',20,0);
INSERT INTO "metrics" VALUES('lr/pg1',5.95000000000000476424e-04,1796129988768,'4af50f08f23f4b3e8445926069d4e101',20,0);
INSERT INTO "metrics" VALUES('lr/pg2',5.95000000000000476424e-04,1796129988768,'4af50f08f23f4b3e8445926069d4e101',20,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796129988768,'4af50f08f23f4b3e8445926069d4e101',20,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',9.5915386000115177012e-02,1796129988768,'4af50f08f23f4b3e8445926069d4e101',20,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',1.68323987452713197399e+02,1796129988768,'4af50f08f23f4b3e8445926069d4e101',20,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.117896704,1796129988768,'4af50f08f23f4b3e8445926069d4e101',20,0);
INSERT INTO "metrics" VALUES('candidate/mAP50-95',1.47692820977134681159e-01,1796130002066,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('candidate/mAP50',2.44148649190315814028e-01,1796130002066,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('candidate/precision',2.33176288348222571222e-01,1796130002066,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('candidate/recall',5.18518518518518489734e-01,1796130002066,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('candidate/latency_ms',1.98901899966585915535e+00,1796130002066,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('candidate/size_bytes',60005.0,1796130002066,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('candidate/parameters',13334.0,1796130002066,'4af50f08f23f4b3e8445926069d4e101',0,0);
INSERT INTO "metrics" VALUES('dataset/images_train',10.0,1796130023877,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('dataset/images_val',6.0,1796130023877,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('dataset/images_test',4.0,1796130023877,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('dataset/objects_train',48.0,1796130023877,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('dataset/objects_val',29.0,1796130023877,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('dataset/objects_test',19.0,1796130023877,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('dataset/width_min',96.0,1796130023877,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('dataset/width_median',96.0,1796130023877,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('dataset/width_max',96.0,1796130023877,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('dataset/height_min',96.0,1796130023877,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('dataset/height_median',96.0,1796130023877,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('dataset/height_max',96.0,1796130023877,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('dataset/classes',10.0,1796130023877,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('dataset/images_left_out',0.0,1796130023877,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('train/box_loss',3.26348,1796130033026,'5e774f7e68654e01b392cdbb2e432a16',1,0);
INSERT INTO "metrics" VALUES('train/cls_loss',4.63243,1796130033026,'5e774f7e68654e01b392cdbb2e432a16',1,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.05909,1796130033026,'5e774f7e68654e01b392cdbb2e432a16',1,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.0,1796130033026,'5e774f7e68654e01b392cdbb2e432a16',1,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.0,1796130033026,'5e774f7e68654e01b392cdbb2e432a16',1,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.0,1796130033026,'5e774f7e68654e01b392cdbb2e432a16',1,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.0,1796130033026,'5e774f7e68654e01b392cdbb2e432a16',1,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.41929,1796130033026,'5e774f7e68654e01b392cdbb2e432a16',1,0);
INSERT INTO "metrics" VALUES('val/cls_loss',4.63071,1796130033026,'5e774f7e68654e01b392cdbb2e432a16',1,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02916,1796130033026,'5e774f7e68654e01b392cdbb2e432a16',1,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.008,1796130033026,'5e774f7e68654e01b392cdbb2e432a16',1,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.008,1796130033026,'5e774f7e68654e01b392cdbb2e432a16',1,0);
INSERT INTO "metrics" VALUES('lr/pg2',2.79999999999999971134e-02,1796130033026,'5e774f7e68654e01b392cdbb2e432a16',1,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130033026,'5e774f7e68654e01b392cdbb2e432a16',1,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',1.21147941800018088542e+00,1796130033026,'5e774f7e68654e01b392cdbb2e432a16',1,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',2.29200311792088626825e+01,1796130033026,'5e774f7e68654e01b392cdbb2e432a16',1,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.104982016,1796130033026,'5e774f7e68654e01b392cdbb2e432a16',1,0);
INSERT INTO "metrics" VALUES('train/box_loss',3.5406,1796130033621,'5e774f7e68654e01b392cdbb2e432a16',2,0);
INSERT INTO "metrics" VALUES('train/cls_loss',4.30155,1796130033621,'5e774f7e68654e01b392cdbb2e432a16',2,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.06072,1796130033621,'5e774f7e68654e01b392cdbb2e432a16',2,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.0,1796130033621,'5e774f7e68654e01b392cdbb2e432a16',2,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.0,1796130033621,'5e774f7e68654e01b392cdbb2e432a16',2,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.0,1796130033621,'5e774f7e68654e01b392cdbb2e432a16',2,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.0,1796130033621,'5e774f7e68654e01b392cdbb2e432a16',2,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.36783,1796130033621,'5e774f7e68654e01b392cdbb2e432a16',2,0);
INSERT INTO "metrics" VALUES('val/cls_loss',4.58538,1796130033621,'5e774f7e68654e01b392cdbb2e432a16',2,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02837,1796130033621,'5e774f7e68654e01b392cdbb2e432a16',2,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.009505,1796130033621,'5e774f7e68654e01b392cdbb2e432a16',2,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.009505,1796130033621,'5e774f7e68654e01b392cdbb2e432a16',2,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.009505,1796130033621,'5e774f7e68654e01b392cdbb2e432a16',2,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130033621,'5e774f7e68654e01b392cdbb2e432a16',2,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',5.85348970000268309377e-01,1796130033621,'5e774f7e68654e01b392cdbb2e432a16',2,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',2.05264827291923381826e+01,1796130033621,'5e774f7e68654e01b392cdbb2e432a16',2,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.105481728,1796130033621,'5e774f7e68654e01b392cdbb2e432a16',2,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.87427,1796130033836,'5e774f7e68654e01b392cdbb2e432a16',3,0);
INSERT INTO "metrics" VALUES('train/cls_loss',4.08097,1796130033836,'5e774f7e68654e01b392cdbb2e432a16',3,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.04701,1796130033836,'5e774f7e68654e01b392cdbb2e432a16',3,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.0,1796130033836,'5e774f7e68654e01b392cdbb2e432a16',3,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.0,1796130033836,'5e774f7e68654e01b392cdbb2e432a16',3,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.0,1796130033836,'5e774f7e68654e01b392cdbb2e432a16',3,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.0,1796130033836,'5e774f7e68654e01b392cdbb2e432a16',3,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.29486,1796130033836,'5e774f7e68654e01b392cdbb2e432a16',3,0);
INSERT INTO "metrics" VALUES('val/cls_loss',4.46754,1796130033836,'5e774f7e68654e01b392cdbb2e432a16',3,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02728,1796130033836,'5e774f7e68654e01b392cdbb2e432a16',3,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.00901,1796130033836,'5e774f7e68654e01b392cdbb2e432a16',3,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.00901,1796130033836,'5e774f7e68654e01b392cdbb2e432a16',3,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.00901,1796130033836,'5e774f7e68654e01b392cdbb2e432a16',3,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130033836,'5e774f7e68654e01b392cdbb2e432a16',3,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',2.13164548999884573277e-01,1796130033836,'5e774f7e68654e01b392cdbb2e432a16',3,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',6.93433952265046116281e+01,1796130033836,'5e774f7e68654e01b392cdbb2e432a16',3,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.105522688,1796130033836,'5e774f7e68654e01b392cdbb2e432a16',3,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.48883,1796130034368,'5e774f7e68654e01b392cdbb2e432a16',4,0);
INSERT INTO "metrics" VALUES('train/cls_loss',3.77069,1796130034368,'5e774f7e68654e01b392cdbb2e432a16',4,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.04332,1796130034368,'5e774f7e68654e01b392cdbb2e432a16',4,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.0,1796130034368,'5e774f7e68654e01b392cdbb2e432a16',4,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.0,1796130034368,'5e774f7e68654e01b392cdbb2e432a16',4,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.0,1796130034368,'5e774f7e68654e01b392cdbb2e432a16',4,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.0,1796130034368,'5e774f7e68654e01b392cdbb2e432a16',4,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.53789,1796130034368,'5e774f7e68654e01b392cdbb2e432a16',4,0);
INSERT INTO "metrics" VALUES('val/cls_loss',4.24356,1796130034368,'5e774f7e68654e01b392cdbb2e432a16',4,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.03133,1796130034368,'5e774f7e68654e01b392cdbb2e432a16',4,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.008515,1796130034368,'5e774f7e68654e01b392cdbb2e432a16',4,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.008515,1796130034368,'5e774f7e68654e01b392cdbb2e432a16',4,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.008515,1796130034368,'5e774f7e68654e01b392cdbb2e432a16',4,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130034368,'5e774f7e68654e01b392cdbb2e432a16',4,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',5.28468732999954227125e-01,1796130034368,'5e774f7e68654e01b392cdbb2e432a16',4,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',2.73407551727166904238e+01,1796130034368,'5e774f7e68654e01b392cdbb2e432a16',4,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.105993728,1796130034368,'5e774f7e68654e01b392cdbb2e432a16',4,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.54649,1796130034948,'5e774f7e68654e01b392cdbb2e432a16',5,0);
INSERT INTO "metrics" VALUES('train/cls_loss',3.45539,1796130034948,'5e774f7e68654e01b392cdbb2e432a16',5,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03762,1796130034948,'5e774f7e68654e01b392cdbb2e432a16',5,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.01911,1796130034948,'5e774f7e68654e01b392cdbb2e432a16',5,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.3,1796130034948,'5e774f7e68654e01b392cdbb2e432a16',5,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.10783,1796130034948,'5e774f7e68654e01b392cdbb2e432a16',5,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.03463,1796130034948,'5e774f7e68654e01b392cdbb2e432a16',5,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.22399,1796130034948,'5e774f7e68654e01b392cdbb2e432a16',5,0);
INSERT INTO "metrics" VALUES('val/cls_loss',3.97505,1796130034948,'5e774f7e68654e01b392cdbb2e432a16',5,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02632,1796130034948,'5e774f7e68654e01b392cdbb2e432a16',5,0);
INSERT INTO "metrics" VALUES('lr/pg0',8.02000000000000108635e-03,1796130034948,'5e774f7e68654e01b392cdbb2e432a16',5,0);
INSERT INTO "metrics" VALUES('lr/pg1',8.02000000000000108635e-03,1796130034948,'5e774f7e68654e01b392cdbb2e432a16',5,0);
INSERT INTO "metrics" VALUES('lr/pg2',8.02000000000000108635e-03,1796130034948,'5e774f7e68654e01b392cdbb2e432a16',5,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130034948,'5e774f7e68654e01b392cdbb2e432a16',5,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',0.568178135999915,1796130034948,'5e774f7e68654e01b392cdbb2e432a16',5,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',26.7364994086394,1796130034948,'5e774f7e68654e01b392cdbb2e432a16',5,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.105600512,1796130034948,'5e774f7e68654e01b392cdbb2e432a16',5,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.67911,1796130035204,'5e774f7e68654e01b392cdbb2e432a16',6,0);
INSERT INTO "metrics" VALUES('train/cls_loss',3.13093,1796130035204,'5e774f7e68654e01b392cdbb2e432a16',6,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03711,1796130035204,'5e774f7e68654e01b392cdbb2e432a16',6,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.06307,1796130035204,'5e774f7e68654e01b392cdbb2e432a16',6,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.65833,1796130035204,'5e774f7e68654e01b392cdbb2e432a16',6,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.15833,1796130035204,'5e774f7e68654e01b392cdbb2e432a16',6,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.07017,1796130035204,'5e774f7e68654e01b392cdbb2e432a16',6,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.9839,1796130035204,'5e774f7e68654e01b392cdbb2e432a16',6,0);
INSERT INTO "metrics" VALUES('val/cls_loss',3.62354,1796130035204,'5e774f7e68654e01b392cdbb2e432a16',6,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02277,1796130035204,'5e774f7e68654e01b392cdbb2e432a16',6,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.007525,1796130035204,'5e774f7e68654e01b392cdbb2e432a16',6,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.007525,1796130035204,'5e774f7e68654e01b392cdbb2e432a16',6,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.007525,1796130035204,'5e774f7e68654e01b392cdbb2e432a16',6,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130035204,'5e774f7e68654e01b392cdbb2e432a16',6,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',2.54833507000057579716e-01,1796130035204,'5e774f7e68654e01b392cdbb2e432a16',6,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',5.5821430859852306126e+01,1796130035204,'5e774f7e68654e01b392cdbb2e432a16',6,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.105620992,1796130035204,'5e774f7e68654e01b392cdbb2e432a16',6,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.67408,1796130035556,'5e774f7e68654e01b392cdbb2e432a16',7,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.82341,1796130035556,'5e774f7e68654e01b392cdbb2e432a16',7,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.04151,1796130035556,'5e774f7e68654e01b392cdbb2e432a16',7,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.385,1796130035556,'5e774f7e68654e01b392cdbb2e432a16',7,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.31061,1796130035556,'5e774f7e68654e01b392cdbb2e432a16',7,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.20648,1796130035556,'5e774f7e68654e01b392cdbb2e432a16',7,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.10766,1796130035556,'5e774f7e68654e01b392cdbb2e432a16',7,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.69722,1796130035556,'5e774f7e68654e01b392cdbb2e432a16',7,0);
INSERT INTO "metrics" VALUES('val/cls_loss',3.02627,1796130035556,'5e774f7e68654e01b392cdbb2e432a16',7,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.01906,1796130035556,'5e774f7e68654e01b392cdbb2e432a16',7,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.00703,1796130035556,'5e774f7e68654e01b392cdbb2e432a16',7,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.00703,1796130035556,'5e774f7e68654e01b392cdbb2e432a16',7,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.00703,1796130035556,'5e774f7e68654e01b392cdbb2e432a16',7,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130035556,'5e774f7e68654e01b392cdbb2e432a16',7,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',3.50194888999794784467e-01,1796130035556,'5e774f7e68654e01b392cdbb2e432a16',7,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',3.49619876488853549285e+01,1796130035556,'5e774f7e68654e01b392cdbb2e432a16',7,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.105666048,1796130035556,'5e774f7e68654e01b392cdbb2e432a16',7,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.38616,1796130036148,'5e774f7e68654e01b392cdbb2e432a16',8,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.73786,1796130036148,'5e774f7e68654e01b392cdbb2e432a16',8,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03718,1796130036148,'5e774f7e68654e01b392cdbb2e432a16',8,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.10602,1796130036148,'5e774f7e68654e01b392cdbb2e432a16',8,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.30875,1796130036148,'5e774f7e68654e01b392cdbb2e432a16',8,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.22289,1796130036148,'5e774f7e68654e01b392cdbb2e432a16',8,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.1147,1796130036148,'5e774f7e68654e01b392cdbb2e432a16',8,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.82792,1796130036148,'5e774f7e68654e01b392cdbb2e432a16',8,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.76976,1796130036148,'5e774f7e68654e01b392cdbb2e432a16',8,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02098,1796130036148,'5e774f7e68654e01b392cdbb2e432a16',8,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.006535,1796130036148,'5e774f7e68654e01b392cdbb2e432a16',8,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.006535,1796130036148,'5e774f7e68654e01b392cdbb2e432a16',8,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.006535,1796130036148,'5e774f7e68654e01b392cdbb2e432a16',8,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130036148,'5e774f7e68654e01b392cdbb2e432a16',8,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',5.90891576000103668775e-01,1796130036148,'5e774f7e68654e01b392cdbb2e432a16',8,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',2.90820429383736254189e+01,1796130036148,'5e774f7e68654e01b392cdbb2e432a16',8,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.105666048,1796130036148,'5e774f7e68654e01b392cdbb2e432a16',8,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.09088,1796130036579,'5e774f7e68654e01b392cdbb2e432a16',9,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.52569,1796130036579,'5e774f7e68654e01b392cdbb2e432a16',9,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.0311,1796130036579,'5e774f7e68654e01b392cdbb2e432a16',9,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.1308,1796130036579,'5e774f7e68654e01b392cdbb2e432a16',9,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.40833,1796130036579,'5e774f7e68654e01b392cdbb2e432a16',9,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.21914,1796130036579,'5e774f7e68654e01b392cdbb2e432a16',9,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.0986,1796130036579,'5e774f7e68654e01b392cdbb2e432a16',9,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.97585,1796130036579,'5e774f7e68654e01b392cdbb2e432a16',9,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.65362,1796130036579,'5e774f7e68654e01b392cdbb2e432a16',9,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02335,1796130036579,'5e774f7e68654e01b392cdbb2e432a16',9,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.00604,1796130036579,'5e774f7e68654e01b392cdbb2e432a16',9,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.00604,1796130036579,'5e774f7e68654e01b392cdbb2e432a16',9,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.00604,1796130036579,'5e774f7e68654e01b392cdbb2e432a16',9,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130036579,'5e774f7e68654e01b392cdbb2e432a16',9,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',4.19631884999944304581e-01,1796130036579,'5e774f7e68654e01b392cdbb2e432a16',9,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',2.72637432249389632943e+01,1796130036579,'5e774f7e68654e01b392cdbb2e432a16',9,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.105690624,1796130036579,'5e774f7e68654e01b392cdbb2e432a16',9,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.19491,1796130036847,'5e774f7e68654e01b392cdbb2e432a16',10,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.46374,1796130036847,'5e774f7e68654e01b392cdbb2e432a16',10,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03274,1796130036847,'5e774f7e68654e01b392cdbb2e432a16',10,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.21297,1796130036847,'5e774f7e68654e01b392cdbb2e432a16',10,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.36261,1796130036847,'5e774f7e68654e01b392cdbb2e432a16',10,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.20373,1796130036847,'5e774f7e68654e01b392cdbb2e432a16',10,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.08509,1796130036847,'5e774f7e68654e01b392cdbb2e432a16',10,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.99405,1796130036847,'5e774f7e68654e01b392cdbb2e432a16',10,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.62732,1796130036847,'5e774f7e68654e01b392cdbb2e432a16',10,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.0237,1796130036847,'5e774f7e68654e01b392cdbb2e432a16',10,0);
INSERT INTO "metrics" VALUES('lr/pg0',5.54500000000000044936e-03,1796130036847,'5e774f7e68654e01b392cdbb2e432a16',10,0);
INSERT INTO "metrics" VALUES('lr/pg1',5.54500000000000044936e-03,1796130036847,'5e774f7e68654e01b392cdbb2e432a16',10,0);
INSERT INTO "metrics" VALUES('lr/pg2',5.54500000000000044936e-03,1796130036847,'5e774f7e68654e01b392cdbb2e432a16',10,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130036847,'5e774f7e68654e01b392cdbb2e432a16',10,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',2.62310098999932961305e-01,1796130036847,'5e774f7e68654e01b392cdbb2e432a16',10,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',1.28920986776585294814e+02,1796130036847,'5e774f7e68654e01b392cdbb2e432a16',10,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.105719296,1796130036847,'5e774f7e68654e01b392cdbb2e432a16',10,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.08338,1796130037379,'5e774f7e68654e01b392cdbb2e432a16',11,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.30518,1796130037379,'5e774f7e68654e01b392cdbb2e432a16',11,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03289,1796130037379,'5e774f7e68654e01b392cdbb2e432a16',11,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.20027,1796130037379,'5e774f7e68654e01b392cdbb2e432a16',11,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.45812,1796130037379,'5e774f7e68654e01b392cdbb2e432a16',11,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.16369,1796130037379,'5e774f7e68654e01b392cdbb2e432a16',11,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.07487,1796130037379,'5e774f7e68654e01b392cdbb2e432a16',11,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.98575,1796130037379,'5e774f7e68654e01b392cdbb2e432a16',11,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.52087,1796130037379,'5e774f7e68654e01b392cdbb2e432a16',11,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02346,1796130037379,'5e774f7e68654e01b392cdbb2e432a16',11,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.00505,1796130037379,'5e774f7e68654e01b392cdbb2e432a16',11,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.00505,1796130037379,'5e774f7e68654e01b392cdbb2e432a16',11,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.00505,1796130037379,'5e774f7e68654e01b392cdbb2e432a16',11,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130037379,'5e774f7e68654e01b392cdbb2e432a16',11,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',5.31061179999596788547e-01,1796130037379,'5e774f7e68654e01b392cdbb2e432a16',11,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',3.51936538015263806751e+01,1796130037379,'5e774f7e68654e01b392cdbb2e432a16',11,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.106558976,1796130037379,'5e774f7e68654e01b392cdbb2e432a16',11,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.46231,1796130037550,'5e774f7e68654e01b392cdbb2e432a16',12,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.64168,1796130037550,'5e774f7e68654e01b392cdbb2e432a16',12,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03848,1796130037550,'5e774f7e68654e01b392cdbb2e432a16',12,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.10099,1796130037550,'5e774f7e68654e01b392cdbb2e432a16',12,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.58522,1796130037550,'5e774f7e68654e01b392cdbb2e432a16',12,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.18322,1796130037550,'5e774f7e68654e01b392cdbb2e432a16',12,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.09179,1796130037550,'5e774f7e68654e01b392cdbb2e432a16',12,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.80894,1796130037550,'5e774f7e68654e01b392cdbb2e432a16',12,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.4389,1796130037550,'5e774f7e68654e01b392cdbb2e432a16',12,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02071,1796130037550,'5e774f7e68654e01b392cdbb2e432a16',12,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.004555,1796130037550,'5e774f7e68654e01b392cdbb2e432a16',12,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.004555,1796130037550,'5e774f7e68654e01b392cdbb2e432a16',12,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.004555,1796130037550,'5e774f7e68654e01b392cdbb2e432a16',12,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130037550,'5e774f7e68654e01b392cdbb2e432a16',12,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',1.68101883000417728908e-01,1796130037550,'5e774f7e68654e01b392cdbb2e432a16',12,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',1.19184401593305906882e+02,1796130037550,'5e774f7e68654e01b392cdbb2e432a16',12,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.10671872,1796130037550,'5e774f7e68654e01b392cdbb2e432a16',12,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.00762,1796130038247,'5e774f7e68654e01b392cdbb2e432a16',13,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.40388,1796130038247,'5e774f7e68654e01b392cdbb2e432a16',13,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03016,1796130038247,'5e774f7e68654e01b392cdbb2e432a16',13,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.09099,1796130038247,'5e774f7e68654e01b392cdbb2e432a16',13,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.47138,1796130038247,'5e774f7e68654e01b392cdbb2e432a16',13,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.17193,1796130038247,'5e774f7e68654e01b392cdbb2e432a16',13,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.09165,1796130038247,'5e774f7e68654e01b392cdbb2e432a16',13,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.67546,1796130038247,'5e774f7e68654e01b392cdbb2e432a16',13,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.42943,1796130038247,'5e774f7e68654e01b392cdbb2e432a16',13,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.01867,1796130038247,'5e774f7e68654e01b392cdbb2e432a16',13,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.00406,1796130038247,'5e774f7e68654e01b392cdbb2e432a16',13,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.00406,1796130038247,'5e774f7e68654e01b392cdbb2e432a16',13,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.00406,1796130038247,'5e774f7e68654e01b392cdbb2e432a16',13,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130038247,'5e774f7e68654e01b392cdbb2e432a16',13,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',6.72979031000068061985e-01,1796130038247,'5e774f7e68654e01b392cdbb2e432a16',13,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',2.18734134119715051269e+01,1796130038247,'5e774f7e68654e01b392cdbb2e432a16',13,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.106837504,1796130038247,'5e774f7e68654e01b392cdbb2e432a16',13,0);
INSERT INTO "metrics" VALUES('train/box_loss',1.76499,1796130038834,'5e774f7e68654e01b392cdbb2e432a16',14,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.22099,1796130038834,'5e774f7e68654e01b392cdbb2e432a16',14,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03018,1796130038834,'5e774f7e68654e01b392cdbb2e432a16',14,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.32813,1796130038834,'5e774f7e68654e01b392cdbb2e432a16',14,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.29167,1796130038834,'5e774f7e68654e01b392cdbb2e432a16',14,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.23755,1796130038834,'5e774f7e68654e01b392cdbb2e432a16',14,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.12636,1796130038834,'5e774f7e68654e01b392cdbb2e432a16',14,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.58422,1796130038834,'5e774f7e68654e01b392cdbb2e432a16',14,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.40283,1796130038834,'5e774f7e68654e01b392cdbb2e432a16',14,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.01739,1796130038834,'5e774f7e68654e01b392cdbb2e432a16',14,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.003565,1796130038834,'5e774f7e68654e01b392cdbb2e432a16',14,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.003565,1796130038834,'5e774f7e68654e01b392cdbb2e432a16',14,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.003565,1796130038834,'5e774f7e68654e01b392cdbb2e432a16',14,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130038834,'5e774f7e68654e01b392cdbb2e432a16',14,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',5.66343226000299182487e-01,1796130038834,'5e774f7e68654e01b392cdbb2e432a16',14,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',2.78483837189221858929e+01,1796130038834,'5e774f7e68654e01b392cdbb2e432a16',14,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.1068416,1796130038834,'5e774f7e68654e01b392cdbb2e432a16',14,0);
INSERT INTO "metrics" VALUES('train/box_loss',1.98488,1796130039336,'5e774f7e68654e01b392cdbb2e432a16',15,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.42024,1796130039336,'5e774f7e68654e01b392cdbb2e432a16',15,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.02863,1796130039336,'5e774f7e68654e01b392cdbb2e432a16',15,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.25955,1796130039336,'5e774f7e68654e01b392cdbb2e432a16',15,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.40833,1796130039336,'5e774f7e68654e01b392cdbb2e432a16',15,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.21456,1796130039336,'5e774f7e68654e01b392cdbb2e432a16',15,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.12218,1796130039336,'5e774f7e68654e01b392cdbb2e432a16',15,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.48031,1796130039336,'5e774f7e68654e01b392cdbb2e432a16',15,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.27927,1796130039336,'5e774f7e68654e01b392cdbb2e432a16',15,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.01592,1796130039336,'5e774f7e68654e01b392cdbb2e432a16',15,0);
INSERT INTO "metrics" VALUES('lr/pg0',3.07000000000000067973e-03,1796130039336,'5e774f7e68654e01b392cdbb2e432a16',15,0);
INSERT INTO "metrics" VALUES('lr/pg1',3.07000000000000067973e-03,1796130039336,'5e774f7e68654e01b392cdbb2e432a16',15,0);
INSERT INTO "metrics" VALUES('lr/pg2',3.07000000000000067973e-03,1796130039336,'5e774f7e68654e01b392cdbb2e432a16',15,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130039336,'5e774f7e68654e01b392cdbb2e432a16',15,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',4.89724285999727726448e-01,1796130039336,'5e774f7e68654e01b392cdbb2e432a16',15,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',3.29752143713695176083e+01,1796130039336,'5e774f7e68654e01b392cdbb2e432a16',15,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.106825216,1796130039336,'5e774f7e68654e01b392cdbb2e432a16',15,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.17888,1796130040052,'5e774f7e68654e01b392cdbb2e432a16',16,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.25914,1796130040052,'5e774f7e68654e01b392cdbb2e432a16',16,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03558,1796130040052,'5e774f7e68654e01b392cdbb2e432a16',16,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.08462,1796130040052,'5e774f7e68654e01b392cdbb2e432a16',16,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.43333,1796130040052,'5e774f7e68654e01b392cdbb2e432a16',16,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.20309,1796130040052,'5e774f7e68654e01b392cdbb2e432a16',16,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.1109,1796130040052,'5e774f7e68654e01b392cdbb2e432a16',16,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.49597,1796130040052,'5e774f7e68654e01b392cdbb2e432a16',16,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.24846,1796130040052,'5e774f7e68654e01b392cdbb2e432a16',16,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.01617,1796130040052,'5e774f7e68654e01b392cdbb2e432a16',16,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.002575,1796130040052,'5e774f7e68654e01b392cdbb2e432a16',16,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.002575,1796130040052,'5e774f7e68654e01b392cdbb2e432a16',16,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.002575,1796130040052,'5e774f7e68654e01b392cdbb2e432a16',16,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130040052,'5e774f7e68654e01b392cdbb2e432a16',16,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',7.1436360600000625709e-01,1796130040052,'5e774f7e68654e01b392cdbb2e432a16',16,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',2.1754957639403802005e+01,1796130040052,'5e774f7e68654e01b392cdbb2e432a16',16,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.106833408,1796130040052,'5e774f7e68654e01b392cdbb2e432a16',16,0);
INSERT INTO "metrics" VALUES('train/box_loss',1.69068,1796130040559,'5e774f7e68654e01b392cdbb2e432a16',17,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.26274,1796130040559,'5e774f7e68654e01b392cdbb2e432a16',17,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.02628,1796130040559,'5e774f7e68654e01b392cdbb2e432a16',17,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.08628,1796130040559,'5e774f7e68654e01b392cdbb2e432a16',17,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.43482,1796130040559,'5e774f7e68654e01b392cdbb2e432a16',17,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.20151,1796130040559,'5e774f7e68654e01b392cdbb2e432a16',17,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.11327,1796130040559,'5e774f7e68654e01b392cdbb2e432a16',17,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.50438,1796130040559,'5e774f7e68654e01b392cdbb2e432a16',17,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.24618,1796130040559,'5e774f7e68654e01b392cdbb2e432a16',17,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.01623,1796130040559,'5e774f7e68654e01b392cdbb2e432a16',17,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.00208,1796130040559,'5e774f7e68654e01b392cdbb2e432a16',17,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.00208,1796130040559,'5e774f7e68654e01b392cdbb2e432a16',17,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.00208,1796130040559,'5e774f7e68654e01b392cdbb2e432a16',17,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130040559,'5e774f7e68654e01b392cdbb2e432a16',17,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',4.97059848999924724921e-01,1796130040559,'5e774f7e68654e01b392cdbb2e432a16',17,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',2.50802337368499728142e+01,1796130040559,'5e774f7e68654e01b392cdbb2e432a16',17,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.1068416,1796130040559,'5e774f7e68654e01b392cdbb2e432a16',17,0);
INSERT INTO "metrics" VALUES('train/box_loss',1.97334,1796130041023,'5e774f7e68654e01b392cdbb2e432a16',18,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.28571,1796130041023,'5e774f7e68654e01b392cdbb2e432a16',18,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03027,1796130041023,'5e774f7e68654e01b392cdbb2e432a16',18,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.09115,1796130041023,'5e774f7e68654e01b392cdbb2e432a16',18,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.5893,1796130041023,'5e774f7e68654e01b392cdbb2e432a16',18,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.20412,1796130041023,'5e774f7e68654e01b392cdbb2e432a16',18,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.11761,1796130041023,'5e774f7e68654e01b392cdbb2e432a16',18,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.49201,1796130041023,'5e774f7e68654e01b392cdbb2e432a16',18,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.22639,1796130041023,'5e774f7e68654e01b392cdbb2e432a16',18,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.01594,1796130041023,'5e774f7e68654e01b392cdbb2e432a16',18,0);
INSERT INTO "metrics" VALUES('lr/pg0',1.58500000000000025417e-03,1796130041023,'5e774f7e68654e01b392cdbb2e432a16',18,0);
INSERT INTO "metrics" VALUES('lr/pg1',1.58500000000000025417e-03,1796130041023,'5e774f7e68654e01b392cdbb2e432a16',18,0);
INSERT INTO "metrics" VALUES('lr/pg2',1.58500000000000025417e-03,1796130041023,'5e774f7e68654e01b392cdbb2e432a16',18,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130041023,'5e774f7e68654e01b392cdbb2e432a16',18,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',4.63370141000268631614e-01,1796130041023,'5e774f7e68654e01b392cdbb2e432a16',18,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',3.83594798196489463739e+01,1796130041023,'5e774f7e68654e01b392cdbb2e432a16',18,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.106857984,1796130041023,'5e774f7e68654e01b392cdbb2e432a16',18,0);
INSERT INTO "metrics" VALUES('train/box_loss',1.60803,1796130041355,'5e774f7e68654e01b392cdbb2e432a16',19,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.16802,1796130041355,'5e774f7e68654e01b392cdbb2e432a16',19,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.02376,1796130041355,'5e774f7e68654e01b392cdbb2e432a16',19,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.09891,1796130041355,'5e774f7e68654e01b392cdbb2e432a16',19,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.43333,1796130041355,'5e774f7e68654e01b392cdbb2e432a16',19,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.2203,1796130041355,'5e774f7e68654e01b392cdbb2e432a16',19,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.13028,1796130041355,'5e774f7e68654e01b392cdbb2e432a16',19,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.41557,1796130041355,'5e774f7e68654e01b392cdbb2e432a16',19,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.21589,1796130041355,'5e774f7e68654e01b392cdbb2e432a16',19,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.01501,1796130041355,'5e774f7e68654e01b392cdbb2e432a16',19,0);
INSERT INTO "metrics" VALUES('lr/pg0',1.08999999999999982319e-03,1796130041355,'5e774f7e68654e01b392cdbb2e432a16',19,0);
INSERT INTO "metrics" VALUES('lr/pg1',1.08999999999999982319e-03,1796130041355,'5e774f7e68654e01b392cdbb2e432a16',19,0);
INSERT INTO "metrics" VALUES('lr/pg2',1.08999999999999982319e-03,1796130041355,'5e774f7e68654e01b392cdbb2e432a16',19,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130041355,'5e774f7e68654e01b392cdbb2e432a16',19,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',3.3085589999973308295e-01,1796130041355,'5e774f7e68654e01b392cdbb2e432a16',19,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',4.86560604921723935953e+01,1796130041355,'5e774f7e68654e01b392cdbb2e432a16',19,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.106874368,1796130041355,'5e774f7e68654e01b392cdbb2e432a16',19,0);
INSERT INTO "metrics" VALUES('train/box_loss',2.03053,1796130041684,'5e774f7e68654e01b392cdbb2e432a16',20,0);
INSERT INTO "metrics" VALUES('train/cls_loss',2.29967,1796130041684,'5e774f7e68654e01b392cdbb2e432a16',20,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.03016,1796130041684,'5e774f7e68654e01b392cdbb2e432a16',20,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.10976,1796130041684,'5e774f7e68654e01b392cdbb2e432a16',20,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.42479,1796130041684,'5e774f7e68654e01b392cdbb2e432a16',20,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.22409,1796130041684,'5e774f7e68654e01b392cdbb2e432a16',20,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.13251,1796130041684,'5e774f7e68654e01b392cdbb2e432a16',20,0);
INSERT INTO "metrics" VALUES('val/box_loss',1.35671,1796130041684,'5e774f7e68654e01b392cdbb2e432a16',20,0);
INSERT INTO "metrics" VALUES('val/cls_loss',2.20702,1796130041684,'5e774f7e68654e01b392cdbb2e432a16',20,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.01423,1796130041684,'5e774f7e68654e01b392cdbb2e432a16',20,0);
INSERT INTO "metrics" VALUES('lr/pg0',5.95000000000000476424e-04,1796130041684,'5e774f7e68654e01b392cdbb2e432a16',20,0);
INSERT INTO "metrics" VALUES('lr/pg1',5.95000000000000476424e-04,1796130041684,'5e774f7e68654e01b392cdbb2e432a16',20,0);
INSERT INTO "metrics" VALUES('lr/pg2',5.95000000000000476424e-04,1796130041684,'5e774f7e68654e01b392cdbb2e432a16',20,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130041684,'5e774f7e68654e01b392cdbb2e432a16',20,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',3.26491216000249551143e-01,1796130041684,'5e774f7e68654e01b392cdbb2e432a16',20,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',5.56516443029278349294e+01,1796130041684,'5e774f7e68654e01b392cdbb2e432a16',20,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.10688256,1796130041684,'5e774f7e68654e01b392cdbb2e432a16',20,0);
INSERT INTO "metrics" VALUES('candidate/mAP50-95',1.62509329243898686945e-01,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('candidate/mAP50',2.94851132300887219805e-01,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('candidate/precision',7.43260015382780914183e-02,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('candidate/recall',4.81481481481481454753e-01,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('candidate/latency_ms',1.12300659998254559468e+01,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('candidate/size_bytes',60005.0,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('candidate/parameters',13334.0,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('champion/mAP50-95',1.47692820977134681159e-01,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('champion/mAP50',2.44148649190315814028e-01,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('champion/precision',2.33176288348222571222e-01,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('champion/recall',5.18518518518518489734e-01,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('champion/latency_ms',1.64599899972017738036e+00,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('champion/size_bytes',60005.0,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('champion/parameters',13334.0,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('delta/mAP50-95',1.48165082667640057856e-02,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('delta/mAP50',5.07024831105714057777e-02,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('delta/precision',-1.58850286809944479804e-01,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('delta/recall',-3.7037037037037034981e-02,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('delta/latency_ms',9.58406700010527856647e+00,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('delta/size_bytes',0.0,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('delta/parameters',0.0,1796130077266,'5e774f7e68654e01b392cdbb2e432a16',0,0);
INSERT INTO "metrics" VALUES('dataset/images_train',10.0,1796130110917,'0fe7797ae1e1416ca9a3b6b648cb7ffd',0,0);
INSERT INTO "metrics" VALUES('dataset/images_val',6.0,1796130110917,'0fe7797ae1e1416ca9a3b6b648cb7ffd',0,0);
INSERT INTO "metrics" VALUES('dataset/images_test',4.0,1796130110917,'0fe7797ae1e1416ca9a3b6b648cb7ffd',0,0);
INSERT INTO "metrics" VALUES('dataset/objects_train',48.0,1796130110917,'0fe7797ae1e1416ca9a3b6b648cb7ffd',0,0);
INSERT INTO "metrics" VALUES('dataset/objects_val',29.0,1796130110917,'0fe7797ae1e1416ca9a3b6b648cb7ffd',0,0);
INSERT INTO "metrics" VALUES('dataset/objects_test',19.0,1796130110917,'0fe7797ae1e1416ca9a3b6b648cb7ffd',0,0);
INSERT INTO "metrics" VALUES('dataset/width_min',96.0,1796130110917,'0fe7797ae1e1416ca9a3b6b648cb7ffd',0,0);
INSERT INTO "metrics" VALUES('dataset/width_median',96.0,1796130110917,'0fe7797ae1e1416ca9a3b6b648cb7ffd',0,0);
INSERT INTO "metrics" VALUES('dataset/width_max',96.0,1796130110917,'0fe7797ae1e1416ca9a3b6b648cb7ffd',0,0);
INSERT INTO "metrics" VALUES('dataset/height_min',96.0,1796130110917,'0fe7797ae1e1416ca9a3b6b648cb7ffd',0,0);
INSERT INTO "metrics" VALUES('dataset/height_median',96.0,1796130110917,'0fe7797ae1e1416ca9a3b6b648cb7ffd',0,0);
INSERT INTO "metrics" VALUES('dataset/height_max',96.0,1796130110917,'0fe7797ae1e1416ca9a3b6b648cb7ffd',0,0);
INSERT INTO "metrics" VALUES('dataset/classes',10.0,1796130110917,'0fe7797ae1e1416ca9a3b6b648cb7ffd',0,0);
INSERT INTO "metrics" VALUES('dataset/images_left_out',0.0,1796130110917,'0fe7797ae1e1416ca9a3b6b648cb7ffd',0,0);
INSERT INTO "metrics" VALUES('train/box_loss',3.9427,1796130123659,'0fe7797ae1e1416ca9a3b6b648cb7ffd',1,0);
INSERT INTO "metrics" VALUES('train/cls_loss',4.70439,1796130123659,'0fe7797ae1e1416ca9a3b6b648cb7ffd',1,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.07482,1796130123659,'0fe7797ae1e1416ca9a3b6b648cb7ffd',1,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.0,1796130123659,'0fe7797ae1e1416ca9a3b6b648cb7ffd',1,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.0,1796130123659,'0fe7797ae1e1416ca9a3b6b648cb7ffd',1,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.0,1796130123659,'0fe7797ae1e1416ca9a3b6b648cb7ffd',1,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.0,1796130123659,'0fe7797ae1e1416ca9a3b6b648cb7ffd',1,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.3356,1796130123659,'0fe7797ae1e1416ca9a3b6b648cb7ffd',1,0);
INSERT INTO "metrics" VALUES('val/cls_loss',4.63065,1796130123659,'0fe7797ae1e1416ca9a3b6b648cb7ffd',1,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02735,1796130123659,'0fe7797ae1e1416ca9a3b6b648cb7ffd',1,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.008,1796130123659,'0fe7797ae1e1416ca9a3b6b648cb7ffd',1,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.008,1796130123659,'0fe7797ae1e1416ca9a3b6b648cb7ffd',1,0);
INSERT INTO "metrics" VALUES('lr/pg2',2.79999999999999971134e-02,1796130123659,'0fe7797ae1e1416ca9a3b6b648cb7ffd',1,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130123659,'0fe7797ae1e1416ca9a3b6b648cb7ffd',1,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',0.702051148999999,1796130123659,'0fe7797ae1e1416ca9a3b6b648cb7ffd',1,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',6.01630400335491515289e+01,1796130123659,'0fe7797ae1e1416ca9a3b6b648cb7ffd',1,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.105211392,1796130123659,'0fe7797ae1e1416ca9a3b6b648cb7ffd',1,0);
INSERT INTO "metrics" VALUES('train/box_loss',3.75322,1796130124064,'0fe7797ae1e1416ca9a3b6b648cb7ffd',2,0);
INSERT INTO "metrics" VALUES('train/cls_loss',4.39945,1796130124064,'0fe7797ae1e1416ca9a3b6b648cb7ffd',2,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.05774,1796130124064,'0fe7797ae1e1416ca9a3b6b648cb7ffd',2,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.0,1796130124064,'0fe7797ae1e1416ca9a3b6b648cb7ffd',2,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.0,1796130124064,'0fe7797ae1e1416ca9a3b6b648cb7ffd',2,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.0,1796130124064,'0fe7797ae1e1416ca9a3b6b648cb7ffd',2,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.0,1796130124064,'0fe7797ae1e1416ca9a3b6b648cb7ffd',2,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.33473,1796130124064,'0fe7797ae1e1416ca9a3b6b648cb7ffd',2,0);
INSERT INTO "metrics" VALUES('val/cls_loss',4.60109,1796130124064,'0fe7797ae1e1416ca9a3b6b648cb7ffd',2,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.0275,1796130124064,'0fe7797ae1e1416ca9a3b6b648cb7ffd',2,0);
INSERT INTO "metrics" VALUES('lr/pg0',8.35000000000000151822e-03,1796130124064,'0fe7797ae1e1416ca9a3b6b648cb7ffd',2,0);
INSERT INTO "metrics" VALUES('lr/pg1',8.35000000000000151822e-03,1796130124064,'0fe7797ae1e1416ca9a3b6b648cb7ffd',2,0);
INSERT INTO "metrics" VALUES('lr/pg2',8.35000000000000151822e-03,1796130124064,'0fe7797ae1e1416ca9a3b6b648cb7ffd',2,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130124064,'0fe7797ae1e1416ca9a3b6b648cb7ffd',2,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',3.91762375999860523734e-01,1796130124064,'0fe7797ae1e1416ca9a3b6b648cb7ffd',2,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',4.60856706994464815352e+01,1796130124064,'0fe7797ae1e1416ca9a3b6b648cb7ffd',2,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.105825792,1796130124064,'0fe7797ae1e1416ca9a3b6b648cb7ffd',2,0);
INSERT INTO "metrics" VALUES('train/box_loss',3.45506,1796130124534,'0fe7797ae1e1416ca9a3b6b648cb7ffd',3,0);
INSERT INTO "metrics" VALUES('train/cls_loss',4.2849,1796130124534,'0fe7797ae1e1416ca9a3b6b648cb7ffd',3,0);
INSERT INTO "metrics" VALUES('train/l1_loss',0.05547,1796130124534,'0fe7797ae1e1416ca9a3b6b648cb7ffd',3,0);
INSERT INTO "metrics" VALUES('metrics/precision',0.0,1796130124534,'0fe7797ae1e1416ca9a3b6b648cb7ffd',3,0);
INSERT INTO "metrics" VALUES('metrics/recall',0.0,1796130124534,'0fe7797ae1e1416ca9a3b6b648cb7ffd',3,0);
INSERT INTO "metrics" VALUES('metrics/mAP50',0.0,1796130124534,'0fe7797ae1e1416ca9a3b6b648cb7ffd',3,0);
INSERT INTO "metrics" VALUES('metrics/mAP50-95',0.0,1796130124534,'0fe7797ae1e1416ca9a3b6b648cb7ffd',3,0);
INSERT INTO "metrics" VALUES('val/box_loss',2.3571,1796130124534,'0fe7797ae1e1416ca9a3b6b648cb7ffd',3,0);
INSERT INTO "metrics" VALUES('val/cls_loss',4.57154,1796130124534,'0fe7797ae1e1416ca9a3b6b648cb7ffd',3,0);
INSERT INTO "metrics" VALUES('val/l1_loss',0.02818,1796130124534,'0fe7797ae1e1416ca9a3b6b648cb7ffd',3,0);
INSERT INTO "metrics" VALUES('lr/pg0',0.0067,1796130124534,'0fe7797ae1e1416ca9a3b6b648cb7ffd',3,0);
INSERT INTO "metrics" VALUES('lr/pg1',0.0067,1796130124534,'0fe7797ae1e1416ca9a3b6b648cb7ffd',3,0);
INSERT INTO "metrics" VALUES('lr/pg2',0.0067,1796130124534,'0fe7797ae1e1416ca9a3b6b648cb7ffd',3,0);
INSERT INTO "metrics" VALUES('train/batch',2.0,1796130124534,'0fe7797ae1e1416ca9a3b6b648cb7ffd',3,0);
INSERT INTO "metrics" VALUES('time/epoch_seconds',4.67696081000212871003e-01,1796130124534,'0fe7797ae1e1416ca9a3b6b648cb7ffd',3,0);
INSERT INTO "metrics" VALUES('speed/images_per_second',3.4323975672478312048e+01,1796130124534,'0fe7797ae1e1416ca9a3b6b648cb7ffd',3,0);
INSERT INTO "metrics" VALUES('system/memory_gb',1.105887232,1796130124534,'0fe7797ae1e1416ca9a3b6b648cb7ffd',3,0);
CREATE TABLE "model_definitions" (
	model_definition_id VARCHAR(36) NOT NULL, 
	name VARCHAR(255) NOT NULL, 
	secret_id VARCHAR(36), 
	provider VARCHAR(64) NOT NULL, 
	model_name VARCHAR(256) NOT NULL, 
	created_by VARCHAR(255), 
	created_at BIGINT NOT NULL, 
	last_updated_by VARCHAR(255), 
	last_updated_at BIGINT NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT model_definitions_pk PRIMARY KEY (model_definition_id), 
	CONSTRAINT fk_model_definitions_secret_id FOREIGN KEY(secret_id) REFERENCES secrets (secret_id) ON DELETE SET NULL, 
	CONSTRAINT uq_model_definitions_workspace_name UNIQUE (workspace, name)
);
CREATE TABLE "model_version_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value TEXT, 
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT model_version_tag_pk PRIMARY KEY (workspace, "key", name, version), 
	CONSTRAINT fk_model_version_tags_model_versions FOREIGN KEY(workspace, name, version) REFERENCES model_versions (workspace, name, version) ON UPDATE CASCADE
);
INSERT INTO "model_version_tags" VALUES('run_key','6dd5cfe177073affc86ea8d4722dd659','digits',1,'default');
INSERT INTO "model_version_tags" VALUES('pipeline','digits','digits',1,'default');
INSERT INTO "model_version_tags" VALUES('data_interval_start','2026-03-01T17:00:00+00:00','digits',1,'default');
INSERT INTO "model_version_tags" VALUES('data_interval_end','2026-03-02T17:00:00+00:00','digits',1,'default');
INSERT INTO "model_version_tags" VALUES('airflow.dag_id','train_digits','digits',1,'default');
INSERT INTO "model_version_tags" VALUES('airflow.run_id','scheduled__2026-03-01T17:00:00+00:00','digits',1,'default');
INSERT INTO "model_version_tags" VALUES('dataset.digest','89690c6705084576f6aad66ffca263f3ac0f6d083d20444fe2ca4807fa797894','digits',1,'default');
INSERT INTO "model_version_tags" VALUES('weights.sha256','40ea7d6327d12a2b26fe40052d6022e55cdea9175c9ffd53e5493ac9a5a270f0','digits',1,'default');
INSERT INTO "model_version_tags" VALUES('gate.verdict','PROMOTE','digits',1,'default');
INSERT INTO "model_version_tags" VALUES('git_sha','7a716f2','digits',1,'default');
INSERT INTO "model_version_tags" VALUES('trainer.version','0.1.0','digits',1,'default');
INSERT INTO "model_version_tags" VALUES('metric.mAP50-95','0.147693','digits',1,'default');
INSERT INTO "model_version_tags" VALUES('metric.mAP50','0.244149','digits',1,'default');
INSERT INTO "model_version_tags" VALUES('metric.precision','0.233176','digits',1,'default');
INSERT INTO "model_version_tags" VALUES('metric.recall','0.518519','digits',1,'default');
INSERT INTO "model_version_tags" VALUES('run_key','4e16055ff157ccfd93e53fb56651c27d','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('pipeline','digits','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('data_interval_start','2026-03-02T17:00:00+00:00','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('data_interval_end','2026-03-03T17:00:00+00:00','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('airflow.dag_id','train_digits','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('airflow.run_id','scheduled__2026-03-02T17:00:00+00:00','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('dataset.digest','89690c6705084576f6aad66ffca263f3ac0f6d083d20444fe2ca4807fa797894','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('weights.sha256','fd263fb8c1c02b05247118018d8c6e5beb65c3e4957b28d1dd832a6cb7fda9e6','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('gate.verdict','PROMOTE','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('git_sha','7a716f2','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('trainer.version','0.1.0','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('metric.mAP50-95','0.162509','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('metric.mAP50','0.294851','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('metric.precision','0.074326','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('metric.recall','0.481481','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('bad.reason','misses sevens','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('bad.by','kim','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('bad.when','2026-12-01T13:01:47.371173Z','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('bad.rollback','86f991309075a490f9677db4d7327b83','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('bad.to','1','digits',2,'default');
INSERT INTO "model_version_tags" VALUES('bad','true','digits',2,'default');
CREATE TABLE "model_versions" (
	name VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	user_id VARCHAR(256), 
	current_stage VARCHAR(20), 
	source VARCHAR(500), 
	run_id VARCHAR(32), 
	status VARCHAR(20), 
	status_message VARCHAR(500), 
	run_link VARCHAR(500), 
	storage_location VARCHAR(500), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT model_version_pk PRIMARY KEY (workspace, name, version), 
	CONSTRAINT fk_model_versions_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON UPDATE CASCADE
);
INSERT INTO "model_versions" VALUES('digits',1,1796130014094,1796130014094,'**digits**: 손글씨 숫자 검출

Trained on the data of 2026-03-02 02:00 to 2026-03-03 02:00 (Asia/Seoul) by DAG run `scheduled__2026-03-01T17:00:00+00:00` of `train_digits`, MLflow run `4af50f08f23f4b3e8445926069d4e101`.

- dataset `89690c670508`: 10 train, 6 val, 4 test images
- model `tiny.yaml`, task detect, image size 96
- 13,334 parameters, 0.1 MB, 2.0 ms an image

| metric | this version | no champion |
|---|---|---|
| mAP50-95 | 0.1477 |  |
| mAP50 | 0.2441 |  |
| precision | 0.2332 |  |
| recall | 0.5185 |  |

**PROMOTE**, measured on 4 images of test:

- mAP50 is 0.2441, not below the minimum of 0.0000.
- There is no champion to compare with.',NULL,'None','models:/m-f2fe5572eb3c40318877d6ff6588faa2','4af50f08f23f4b3e8445926069d4e101','READY',NULL,NULL,'{folder}/mlruns/1/models/m-f2fe5572eb3c40318877d6ff6588faa2/artifacts','default');
INSERT INTO "model_versions" VALUES('digits',2,1796130095108,1796130095108,'**digits**: 손글씨 숫자 검출

Trained on the data of 2026-03-03 02:00 to 2026-03-04 02:00 (Asia/Seoul) by DAG run `scheduled__2026-03-02T17:00:00+00:00` of `train_digits`, MLflow run `5e774f7e68654e01b392cdbb2e432a16`.

- dataset `89690c670508`: 10 train, 6 val, 4 test images
- model `tiny.yaml`, task detect, image size 96
- 13,334 parameters, 0.1 MB, 11.2 ms an image

| metric | this version | champion (version 1) |
|---|---|---|
| mAP50-95 | 0.1625 | 0.1477 |
| mAP50 | 0.2949 | 0.2441 |
| precision | 0.0743 | 0.2332 |
| recall | 0.4815 | 0.5185 |

**PROMOTE**, measured on 4 images of test:

- mAP50 is 0.2949, not below the minimum of 0.0000.
- mAP50 is 0.2949 against the champion''s 0.2441 (+0.0507), not below the needed -0.7559 (champion -1 improvement, 0 tolerance).',NULL,'None','models:/m-1ebb392352f4414bbbd0e1aed4cdd497','5e774f7e68654e01b392cdbb2e432a16','READY',NULL,NULL,'{folder}/mlruns/1/models/m-1ebb392352f4414bbbd0e1aed4cdd497/artifacts','default');
CREATE TABLE online_scoring_configs (
	online_scoring_config_id VARCHAR(36) NOT NULL, 
	scorer_id VARCHAR(36) NOT NULL, 
	sample_rate FLOAT NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	filter_string TEXT, 
	CONSTRAINT online_scoring_config_pk PRIMARY KEY (online_scoring_config_id), 
	CONSTRAINT fk_online_scoring_configs_scorer_id FOREIGN KEY(scorer_id) REFERENCES scorers (scorer_id) ON DELETE CASCADE, 
	CONSTRAINT fk_online_scoring_configs_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id)
);
CREATE TABLE "params" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000) NOT NULL, 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT param_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "params" VALUES('train.model','tiny.yaml','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "params" VALUES('train.task','detect','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "params" VALUES('train.epochs','20','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "params" VALUES('train.patience','100','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "params" VALUES('train.batch','2','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "params" VALUES('train.imgsz','96','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "params" VALUES('train.device','cpu','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "params" VALUES('train.workers','0','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "params" VALUES('train.optimizer','AdamW','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "params" VALUES('train.seed','0','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "params" VALUES('train.amp','False','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "params" VALUES('train.lr0','0.01','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "params" VALUES('train.warmup_epochs','1','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "params" VALUES('train.nbs','2','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "params" VALUES('train.fliplr','0','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "params" VALUES('train.mosaic','0','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "params" VALUES('move.000001','{"number":1,"when":"2026-12-01T13:00:19.565127Z","alias":"champion","from":null,"to":"1","run_key":"6dd5cfe177073affc86ea8d4722dd659","data_interval_end":"2026-03-02T17:00:00Z","by":"train_digits scheduled__2026-03-01T17:00:00+00:00","why":"mAP50 is 0.2441, not below the minimum of 0.0000. There is no champion to compare with."}','31d58a9fac284b6796f71bd41e83b9d9');
INSERT INTO "params" VALUES('made.000001','yes','31d58a9fac284b6796f71bd41e83b9d9');
INSERT INTO "params" VALUES('train.model','tiny.yaml','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "params" VALUES('train.task','detect','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "params" VALUES('train.epochs','20','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "params" VALUES('train.patience','100','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "params" VALUES('train.batch','2','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "params" VALUES('train.imgsz','96','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "params" VALUES('train.device','cpu','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "params" VALUES('train.workers','0','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "params" VALUES('train.optimizer','AdamW','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "params" VALUES('train.seed','1','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "params" VALUES('train.amp','False','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "params" VALUES('train.lr0','0.01','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "params" VALUES('train.warmup_epochs','1','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "params" VALUES('train.nbs','2','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "params" VALUES('train.fliplr','0','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "params" VALUES('train.mosaic','0','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "params" VALUES('move.000002','{"number":2,"when":"2026-12-01T13:01:42.357436Z","alias":"champion","from":"1","to":"2","run_key":"4e16055ff157ccfd93e53fb56651c27d","data_interval_end":"2026-03-03T17:00:00Z","by":"train_digits scheduled__2026-03-02T17:00:00+00:00","why":"mAP50 is 0.2949, not below the minimum of 0.0000. mAP50 is 0.2949 against the champion''s 0.2441 (+0.0507), not below the needed -0.7559 (champion -1 improvement, 0 tolerance)."}','31d58a9fac284b6796f71bd41e83b9d9');
INSERT INTO "params" VALUES('made.000002','yes','31d58a9fac284b6796f71bd41e83b9d9');
INSERT INTO "params" VALUES('rollback.86f991309075a490f9677db4d7327b83','version 2','31d58a9fac284b6796f71bd41e83b9d9');
INSERT INTO "params" VALUES('move.000003','{"number":3,"when":"2026-12-01T13:01:47.646211Z","alias":"champion","from":"2","to":"1","run_key":"6dd5cfe177073affc86ea8d4722dd659","data_interval_end":"2026-03-02T17:00:00Z","by":"kim, rollback_model manual__2026-03-04","why":"misses sevens"}','31d58a9fac284b6796f71bd41e83b9d9');
INSERT INTO "params" VALUES('made.000003','yes','31d58a9fac284b6796f71bd41e83b9d9');
INSERT INTO "params" VALUES('train.model','tiny.yaml','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "params" VALUES('train.task','detect','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "params" VALUES('train.epochs','6','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "params" VALUES('train.patience','100','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "params" VALUES('train.batch','2','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "params" VALUES('train.imgsz','96','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "params" VALUES('train.device','cpu','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "params" VALUES('train.workers','0','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "params" VALUES('train.optimizer','AdamW','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "params" VALUES('train.seed','0','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "params" VALUES('train.amp','False','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "params" VALUES('train.lr0','0.01','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "params" VALUES('train.warmup_epochs','1','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "params" VALUES('train.nbs','2','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "params" VALUES('train.fliplr','0','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "params" VALUES('train.mosaic','0','0fe7797ae1e1416ca9a3b6b648cb7ffd');
CREATE TABLE "registered_model_aliases" (
	alias VARCHAR(256) NOT NULL, 
	version INTEGER NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_alias_pk PRIMARY KEY (workspace, name, alias), 
	CONSTRAINT fk_registered_model_aliases_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON DELETE CASCADE ON UPDATE CASCADE
);
INSERT INTO "registered_model_aliases" VALUES('challenger',2,'digits','default');
INSERT INTO "registered_model_aliases" VALUES('champion',1,'digits','default');
CREATE TABLE "registered_model_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(5000), 
	name VARCHAR(256) NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_tag_pk PRIMARY KEY (workspace, "key", name), 
	CONSTRAINT fk_registered_model_tags_registered_models FOREIGN KEY(workspace, name) REFERENCES registered_models (workspace, name) ON UPDATE CASCADE
);
INSERT INTO "registered_model_tags" VALUES('pipeline','digits','digits','default');
INSERT INTO "registered_model_tags" VALUES('alias_ledger','31d58a9fac284b6796f71bd41e83b9d9','digits','default');
INSERT INTO "registered_model_tags" VALUES('alias_history.000001','{"number": 1, "when": "2026-12-01T13:00:19.565127Z", "alias": "champion", "from": null, "to": "1", "run_key": "6dd5cfe177073affc86ea8d4722dd659", "data_interval_end": "2026-03-02T17:00:00Z", "by": "train_digits scheduled__2026-03-01T17:00:00+00:00", "why": "mAP50 is 0.2441, not below the minimum of 0.0000. There is no champion to compare with."}','digits','default');
INSERT INTO "registered_model_tags" VALUES('alias_history.000002','{"number": 2, "when": "2026-12-01T13:01:42.357436Z", "alias": "champion", "from": "1", "to": "2", "run_key": "4e16055ff157ccfd93e53fb56651c27d", "data_interval_end": "2026-03-03T17:00:00Z", "by": "train_digits scheduled__2026-03-02T17:00:00+00:00", "why": "mAP50 is 0.2949, not below the minimum of 0.0000. mAP50 is 0.2949 against the champion''s 0.2441 (+0.0507), not below the needed -0.7559 (champion -1 improvement, 0 tolerance)."}','digits','default');
INSERT INTO "registered_model_tags" VALUES('alias_history.000003','{"number": 3, "when": "2026-12-01T13:01:47.646211Z", "alias": "champion", "from": "2", "to": "1", "run_key": "6dd5cfe177073affc86ea8d4722dd659", "data_interval_end": "2026-03-02T17:00:00Z", "by": "kim, rollback_model manual__2026-03-04", "why": "misses sevens"}','digits','default');
CREATE TABLE "registered_models" (
	name VARCHAR(256) NOT NULL, 
	creation_time BIGINT, 
	last_updated_time BIGINT, 
	description VARCHAR(5000), 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT registered_model_pk PRIMARY KEY (workspace, name)
);
INSERT INTO "registered_models" VALUES('digits',1796130007365,1796130095108,'손글씨 숫자 검출','default');
CREATE TABLE review_queue_items (
	queue_id VARCHAR(36) NOT NULL, 
	item_type VARCHAR(16) NOT NULL, 
	item_id VARCHAR(50) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	completed_by VARCHAR(250), 
	completed_time_ms BIGINT, 
	creation_time_ms BIGINT NOT NULL, 
	last_update_time_ms BIGINT NOT NULL, 
	CONSTRAINT review_queue_items_pk PRIMARY KEY (queue_id, item_id), 
	CONSTRAINT fk_review_queue_items_queue_id FOREIGN KEY(queue_id) REFERENCES review_queues (queue_id) ON DELETE CASCADE
);
CREATE TABLE review_queue_label_schemas (
	queue_id VARCHAR(36) NOT NULL, 
	schema_id VARCHAR(36) NOT NULL, 
	CONSTRAINT review_queue_label_schemas_pk PRIMARY KEY (queue_id, schema_id), 
	CONSTRAINT fk_review_queue_label_schemas_queue_id FOREIGN KEY(queue_id) REFERENCES review_queues (queue_id) ON DELETE CASCADE
);
CREATE TABLE review_queue_users (
	queue_id VARCHAR(36) NOT NULL, 
	user_id VARCHAR(250) NOT NULL, 
	CONSTRAINT review_queue_users_pk PRIMARY KEY (queue_id, user_id), 
	CONSTRAINT fk_review_queue_users_queue_id FOREIGN KEY(queue_id) REFERENCES review_queues (queue_id) ON DELETE CASCADE
);
CREATE TABLE review_queues (
	queue_id VARCHAR(36) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	name VARCHAR(250) NOT NULL, 
	queue_type VARCHAR(16) NOT NULL, 
	created_by VARCHAR(255), 
	creation_time_ms BIGINT NOT NULL, 
	last_update_time_ms BIGINT NOT NULL, 
	name_key VARCHAR(250) NOT NULL, 
	CONSTRAINT review_queues_pk PRIMARY KEY (queue_id), 
	CONSTRAINT fk_review_queues_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE, 
	CONSTRAINT uq_review_queues_experiment_name_key UNIQUE (experiment_id, name_key)
);
CREATE TABLE "runs" (
	run_uuid VARCHAR(32) NOT NULL, 
	name VARCHAR(250), 
	source_type VARCHAR(20), 
	source_name VARCHAR(500), 
	entry_point_name VARCHAR(50), 
	user_id VARCHAR(256), 
	status VARCHAR(9), 
	start_time BIGINT, 
	end_time BIGINT, 
	source_version VARCHAR(50), 
	lifecycle_stage VARCHAR(20), 
	artifact_uri VARCHAR(200), 
	experiment_id INTEGER, deleted_time BIGINT, 
	CONSTRAINT run_pk PRIMARY KEY (run_uuid), 
	CONSTRAINT runs_lifecycle_stage CHECK (lifecycle_stage IN ('active', 'deleted')), 
	CONSTRAINT source_type CHECK (source_type IN ('NOTEBOOK', 'JOB', 'LOCAL', 'UNKNOWN', 'PROJECT')), 
	FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CHECK (status IN ('SCHEDULED', 'FAILED', 'FINISHED', 'RUNNING', 'KILLED'))
);
INSERT INTO "runs" VALUES('4af50f08f23f4b3e8445926069d4e101','2026-03-02 17:00 scheduled','UNKNOWN','','','nightshift','FINISHED',1796129966733,1796130019787,'','active','{folder}/mlruns/1/4af50f08f23f4b3e8445926069d4e101/artifacts',1,NULL);
INSERT INTO "runs" VALUES('31d58a9fac284b6796f71bd41e83b9d9','digits','UNKNOWN','','','unknown','FINISHED',1796130007337,1796130007356,'','active','{folder}/mlruns/2/31d58a9fac284b6796f71bd41e83b9d9/artifacts',2,NULL);
INSERT INTO "runs" VALUES('5e774f7e68654e01b392cdbb2e432a16','2026-03-03 17:00 scheduled','UNKNOWN','','','nightshift','FINISHED',1796130023332,1796130102624,'','active','{folder}/mlruns/1/5e774f7e68654e01b392cdbb2e432a16/artifacts',1,NULL);
INSERT INTO "runs" VALUES('0fe7797ae1e1416ca9a3b6b648cb7ffd','2026-03-04 17:00 scheduled','UNKNOWN','','','nightshift','KILLED',1796130110478,1796130124823,'','active','{folder}/mlruns/1/0fe7797ae1e1416ca9a3b6b648cb7ffd/artifacts',1,NULL);
CREATE TABLE scheduler_leases (
	lease_key VARCHAR(255) NOT NULL, 
	acquired_at BIGINT NOT NULL, 
	ttl_seconds INTEGER NOT NULL, 
	CONSTRAINT scheduler_leases_pk PRIMARY KEY (lease_key)
);
CREATE TABLE scorer_versions (
	scorer_id VARCHAR(36) NOT NULL, 
	scorer_version INTEGER NOT NULL, 
	serialized_scorer TEXT NOT NULL, 
	creation_time BIGINT, 
	CONSTRAINT scorer_version_pk PRIMARY KEY (scorer_id, scorer_version), 
	CONSTRAINT fk_scorer_versions_scorer_id FOREIGN KEY(scorer_id) REFERENCES scorers (scorer_id) ON DELETE CASCADE
);
CREATE TABLE scorers (
	experiment_id INTEGER NOT NULL, 
	scorer_name VARCHAR(256) NOT NULL, 
	scorer_id VARCHAR(36) NOT NULL, 
	CONSTRAINT scorer_pk PRIMARY KEY (scorer_id), 
	CONSTRAINT fk_scorers_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
CREATE TABLE "secrets" (
	secret_id VARCHAR(36) NOT NULL, 
	secret_name VARCHAR(255) NOT NULL, 
	encrypted_value BLOB NOT NULL, 
	wrapped_dek BLOB NOT NULL, 
	kek_version INTEGER NOT NULL, 
	masked_value VARCHAR(500) NOT NULL, 
	provider VARCHAR(64), 
	auth_config TEXT, 
	description TEXT, 
	created_by VARCHAR(255), 
	created_at BIGINT NOT NULL, 
	last_updated_by VARCHAR(255), 
	last_updated_at BIGINT NOT NULL, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT secrets_pk PRIMARY KEY (secret_id), 
	CONSTRAINT uq_secrets_workspace_secret_name UNIQUE (workspace, secret_name)
);
CREATE TABLE span_metrics (
	trace_id VARCHAR(50) NOT NULL, 
	span_id VARCHAR(50) NOT NULL, 
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT, 
	CONSTRAINT span_metrics_pk PRIMARY KEY (trace_id, span_id, "key"), 
	CONSTRAINT fk_span_metrics_span FOREIGN KEY(trace_id, span_id) REFERENCES spans (trace_id, span_id) ON DELETE CASCADE
);
CREATE TABLE "spans" (
	trace_id VARCHAR(50) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	span_id VARCHAR(50) NOT NULL, 
	parent_span_id VARCHAR(50), 
	name TEXT, 
	type VARCHAR(500), 
	status VARCHAR(50) NOT NULL, 
	start_time_unix_nano BIGINT NOT NULL, 
	end_time_unix_nano BIGINT, 
	duration_ns BIGINT GENERATED ALWAYS AS (end_time_unix_nano - start_time_unix_nano) STORED, 
	content TEXT NOT NULL, 
	input_cost FLOAT, 
	output_cost FLOAT, 
	total_cost FLOAT, 
	model_name VARCHAR(500), 
	model_provider VARCHAR(500), 
	CONSTRAINT spans_pk PRIMARY KEY (trace_id, span_id), 
	CONSTRAINT fk_spans_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id), 
	CONSTRAINT fk_spans_trace_id FOREIGN KEY(trace_id) REFERENCES trace_info (request_id) ON DELETE CASCADE
);
CREATE TABLE sql_assessment_daily_rollups (
	id INTEGER NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	rollup_day DATE NOT NULL, 
	metric_name VARCHAR(250) NOT NULL, 
	grouping_set VARCHAR(50) NOT NULL, 
	sample_count BIGINT NOT NULL, 
	sum_value FLOAT, 
	min_value FLOAT, 
	max_value FLOAT, 
	CONSTRAINT sql_assessment_daily_rollups_pk PRIMARY KEY (id)
);
CREATE TABLE sql_span_cost_daily_rollups (
	id INTEGER NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	rollup_day DATE NOT NULL, 
	metric_name VARCHAR(250) NOT NULL, 
	grouping_set VARCHAR(50) NOT NULL, 
	model_name VARCHAR(500), 
	model_provider VARCHAR(500), 
	sample_count BIGINT NOT NULL, 
	sum_value FLOAT, 
	min_value FLOAT, 
	max_value FLOAT, 
	CONSTRAINT sql_span_cost_daily_rollups_pk PRIMARY KEY (id)
);
CREATE TABLE sql_trace_metric_daily_rollups (
	id INTEGER NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	rollup_day DATE NOT NULL, 
	metric_name VARCHAR(250) NOT NULL, 
	grouping_set VARCHAR(50) NOT NULL, 
	trace_status VARCHAR(50), 
	sample_count BIGINT NOT NULL, 
	sum_value FLOAT, 
	min_value FLOAT, 
	max_value FLOAT, 
	p50_value FLOAT, 
	p90_value FLOAT, 
	p99_value FLOAT, 
	CONSTRAINT sql_trace_metric_daily_rollups_pk PRIMARY KEY (id)
);
CREATE TABLE sql_trace_rollup_rebuild_queue (
	experiment_id INTEGER NOT NULL, 
	rollup_day DATE NOT NULL, 
	rollup_family VARCHAR(50) NOT NULL, 
	CONSTRAINT sql_trace_rollup_rebuild_queue_pk PRIMARY KEY (experiment_id, rollup_day, rollup_family)
);
CREATE TABLE "tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	run_uuid VARCHAR(32) NOT NULL, 
	CONSTRAINT tag_pk PRIMARY KEY ("key", run_uuid), 
	FOREIGN KEY(run_uuid) REFERENCES runs (run_uuid)
);
INSERT INTO "tags" VALUES('run_key','6dd5cfe177073affc86ea8d4722dd659','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('pipeline','digits','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('airflow.dag_id','train_digits','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('airflow.run_id','scheduled__2026-03-01T17:00:00+00:00','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('airflow.run_type','scheduled','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('airflow.logical_date','2026-03-01T17:00:00+00:00','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('data_interval_start','2026-03-01T17:00:00+00:00','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('data_interval_end','2026-03-02T17:00:00+00:00','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('trainer.version','0.1.0','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('mlflow.user','nightshift','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('mlflow.note.content','','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('mlflow.runName','2026-03-02 17:00 scheduled','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('owner','','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.preprocess','done','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.preprocess.fingerprint','d8112368bccaa086ac97c8c6d6549e66a8e783f50da73b9bf1ebf3f13a4dbd0a','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('dataset.digest','89690c6705084576f6aad66ffca263f3ac0f6d083d20444fe2ca4807fa797894','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.preprocess.result','{"protocol":1,"mlflow_run_id":"4af50f08f23f4b3e8445926069d4e101","already_done":false,"summary":"20 images (train 10, val 6, test 4), dataset 89690c670508","outcome":{"step":"preprocess","dataset_digest":"89690c6705084576f6aad66ffca263f3ac0f6d083d20444fe2ca4807fa797894","images":{"train":10,"val":6,"test":4}}}','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.preprocess.reason','20 images (train 10, val 6, test 4), dataset 89690c670508','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.train','done','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.train.fingerprint','4c5c1f5ab93f52192e34957f5e0547ed3e9f2794d3a50612f7bbcc01cc293de1','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('training','{"digest":"37ca5b78247f5a0196bf5593e21ee00bfb19a24ed73a03f16a953fe0bac69a8f","trainer":"0.1.0","began_ms":1796129976418,"batch":null,"memory_exceeded":null,"result":{"step":"train","epochs_done":20,"resumed_from_epoch":null,"metrics":{"precision":0.21954010215268838,"recall":0.5583333333333333,"mAP50":0.30684346654861105,"mAP50-95":0.2151255326144045}}}','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('environment.python','3.11.7','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('environment.torch','2.13.0','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('environment.torchvision','0.28.0','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('environment.ultralytics','8.4.190','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('environment.mlflow','3.17.2','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('environment.numpy','2.4.6','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('environment.trainer','0.1.0','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('environment.git_sha','7a716f2','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('environment.cuda','','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('environment.image','nightshift-trainer:0.1.0','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('environment.image_id','','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('environment.host','vm','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('environment.system','Linux 6.18.44-fc-v857 x86_64','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('environment.cpu','AMD EPYC','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('environment.cpus','2','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('environment.gpu','','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('checkpoint_files','','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('checkpoint.previous','','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('checkpoint','','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.train.result','{"protocol":1,"mlflow_run_id":"4af50f08f23f4b3e8445926069d4e101","already_done":false,"summary":"trained 20 epochs: precision 0.220, recall 0.558, mAP50 0.307, mAP50-95 0.215","outcome":{"step":"train","epochs_done":20,"resumed_from_epoch":null,"metrics":{"precision":0.21954010215268838,"recall":0.5583333333333333,"mAP50":0.30684346654861105,"mAP50-95":0.2151255326144045}}}','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.train.reason','trained 20 epochs: precision 0.220, recall 0.558, mAP50 0.307, mAP50-95 0.215','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.evaluate','done','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.evaluate.fingerprint','162e1d5ba68e43733ede22dbc2a824b80284abd8bf9d60238c2eaa1132c03455','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('gate.comparisons','0c98f38886a8','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('gate.verdict','PROMOTE','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('gate.reasons','mAP50 is 0.2441, not below the minimum of 0.0000.
There is no champion to compare with.','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('gate.champion_version','','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('gate.metric','mAP50','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.evaluate.result','{"protocol":1,"mlflow_run_id":"4af50f08f23f4b3e8445926069d4e101","already_done":false,"summary":"PROMOTE against no champion: mAP50 is 0.2441, not below the minimum of 0.0000.","outcome":{"step":"evaluate","verdict":"PROMOTE","reasons":["mAP50 is 0.2441, not below the minimum of 0.0000.","There is no champion to compare with."],"candidate":0.24414864919031581,"champion":null,"champion_version":null}}','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.evaluate.reason','PROMOTE against no champion: mAP50 is 0.2441, not below the minimum of 0.0000.','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.register','done','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.register.fingerprint','1760c52d1797f7ab97f34ebbf15411c736282dde348ad999da28e991855704dd','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('registered_model','digits','31d58a9fac284b6796f71bd41e83b9d9');
INSERT INTO "tags" VALUES('mlflow.runName','digits','31d58a9fac284b6796f71bd41e83b9d9');
INSERT INTO "tags" VALUES('step.register.result','{"protocol":1,"mlflow_run_id":"4af50f08f23f4b3e8445926069d4e101","already_done":false,"summary":"registered version 1 of digits","outcome":{"step":"register","model":"digits","version":"1","refused_because":null}}','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.register.reason','registered version 1 of digits','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.promote','done','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.promote.fingerprint','24d4235c6ea32cc6b9066e608fbe33ab93cdd5afb4be402d9488e838e72d1830','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.promote.result','{"protocol":1,"mlflow_run_id":"4af50f08f23f4b3e8445926069d4e101","already_done":false,"summary":"version 1 is champion of digits, the first one: mAP50 is 0.2441, not below the minimum of 0.0000. There is no champion to compare with.","outcome":{"step":"promote","model":"digits","version":"1","promoted":true,"champion_version":"1","reason":"version 1 is champion of digits, the first one: mAP50 is 0.2441, not below the minimum of 0.0000. There is no champion to compare with."}}','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('step.promote.reason','version 1 is champion of digits, the first one: mAP50 is 0.2441, not below the minimum of 0.0000. There is no champion to compare with.','4af50f08f23f4b3e8445926069d4e101');
INSERT INTO "tags" VALUES('run_key','4e16055ff157ccfd93e53fb56651c27d','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('pipeline','digits','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('airflow.dag_id','train_digits','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('airflow.run_id','scheduled__2026-03-02T17:00:00+00:00','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('airflow.run_type','scheduled','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('airflow.logical_date','2026-03-02T17:00:00+00:00','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('data_interval_start','2026-03-02T17:00:00+00:00','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('data_interval_end','2026-03-03T17:00:00+00:00','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('trainer.version','0.1.0','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('mlflow.user','nightshift','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('mlflow.note.content','another seed','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('mlflow.runName','2026-03-03 17:00 scheduled','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('owner','','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.preprocess','done','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.preprocess.fingerprint','d8112368bccaa086ac97c8c6d6549e66a8e783f50da73b9bf1ebf3f13a4dbd0a','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('dataset.digest','89690c6705084576f6aad66ffca263f3ac0f6d083d20444fe2ca4807fa797894','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.preprocess.result','{"protocol":1,"mlflow_run_id":"5e774f7e68654e01b392cdbb2e432a16","already_done":false,"summary":"20 images (train 10, val 6, test 4), dataset 89690c670508","outcome":{"step":"preprocess","dataset_digest":"89690c6705084576f6aad66ffca263f3ac0f6d083d20444fe2ca4807fa797894","images":{"train":10,"val":6,"test":4}}}','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.preprocess.reason','20 images (train 10, val 6, test 4), dataset 89690c670508','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.train','done','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.train.fingerprint','06677d9ed2532d42192a1335d3ddb26e3d6019f6a752e201c5fac13e5c690099','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('training','{"digest":"3f213e1313713fe0b43b9a50aadc30b2ec6ea5f0822f49c4b9631bd10e89e748","trainer":"0.1.0","began_ms":1796130025903,"batch":null,"memory_exceeded":null,"result":{"step":"train","epochs_done":20,"resumed_from_epoch":null,"metrics":{"precision":0.11033618955134565,"recall":0.42651004208302784,"mAP50":0.2240939116071213,"mAP50-95":0.13251153194112536}}}','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('environment.python','3.11.7','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('environment.torch','2.13.0','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('environment.torchvision','0.28.0','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('environment.ultralytics','8.4.190','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('environment.mlflow','3.17.2','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('environment.numpy','2.4.6','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('environment.trainer','0.1.0','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('environment.git_sha','7a716f2','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('environment.cuda','','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('environment.image','nightshift-trainer:0.1.0','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('environment.image_id','','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('environment.host','vm','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('environment.system','Linux 6.18.44-fc-v857 x86_64','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('environment.cpu','AMD EPYC','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('environment.cpus','2','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('environment.gpu','','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('checkpoint_files','','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('checkpoint.previous','','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('checkpoint','','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.train.result','{"protocol":1,"mlflow_run_id":"5e774f7e68654e01b392cdbb2e432a16","already_done":false,"summary":"trained 20 epochs: precision 0.110, recall 0.427, mAP50 0.224, mAP50-95 0.133","outcome":{"step":"train","epochs_done":20,"resumed_from_epoch":null,"metrics":{"precision":0.11033618955134565,"recall":0.42651004208302784,"mAP50":0.2240939116071213,"mAP50-95":0.13251153194112536}}}','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.train.reason','trained 20 epochs: precision 0.110, recall 0.427, mAP50 0.224, mAP50-95 0.133','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.evaluate','done','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.evaluate.fingerprint','9fb90f74e3a0440795e6c6590ec7467e244830388809d54c36da36a93560a224','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('gate.comparisons','66871978b4ec','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('gate.verdict','PROMOTE','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('gate.reasons','mAP50 is 0.2949, not below the minimum of 0.0000.
mAP50 is 0.2949 against the champion''s 0.2441 (+0.0507), not below the needed -0.7559 (champion -1 improvement, 0 tolerance).','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('gate.champion_version','1','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('gate.metric','mAP50','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.evaluate.result','{"protocol":1,"mlflow_run_id":"5e774f7e68654e01b392cdbb2e432a16","already_done":false,"summary":"PROMOTE against version 1: mAP50 is 0.2949, not below the minimum of 0.0000.","outcome":{"step":"evaluate","verdict":"PROMOTE","reasons":["mAP50 is 0.2949, not below the minimum of 0.0000.","mAP50 is 0.2949 against the champion''s 0.2441 (+0.0507), not below the needed -0.7559 (champion -1 improvement, 0 tolerance)."],"candidate":0.2948511323008872,"champion":0.24414864919031581,"champion_version":"1"}}','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.evaluate.reason','PROMOTE against version 1: mAP50 is 0.2949, not below the minimum of 0.0000.','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.register','done','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.register.fingerprint','65a5682c94fb15d6d1095df1e26cc6d1df806ddd3a801e05162eb711201d2482','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.register.result','{"protocol":1,"mlflow_run_id":"5e774f7e68654e01b392cdbb2e432a16","already_done":false,"summary":"registered version 2 of digits","outcome":{"step":"register","model":"digits","version":"2","refused_because":null}}','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.register.reason','registered version 2 of digits','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.promote','done','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.promote.fingerprint','2f9df1d82cbca3945ac72101046ad58189b33a3c56194ddfc1ee4965ee325b3c','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.promote.result','{"protocol":1,"mlflow_run_id":"5e774f7e68654e01b392cdbb2e432a16","already_done":false,"summary":"version 2 is champion of digits, instead of version 1: mAP50 is 0.2949, not below the minimum of 0.0000. mAP50 is 0.2949 against the champion''s 0.2441 (+0.0507), not below the needed -0.7559 (champion -1 improvement, 0 tolerance).","outcome":{"step":"promote","model":"digits","version":"2","promoted":true,"champion_version":"2","reason":"version 2 is champion of digits, instead of version 1: mAP50 is 0.2949, not below the minimum of 0.0000. mAP50 is 0.2949 against the champion''s 0.2441 (+0.0507), not below the needed -0.7559 (champion -1 improvement, 0 tolerance)."}}','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('step.promote.reason','version 2 is champion of digits, instead of version 1: mAP50 is 0.2949, not below the minimum of 0.0000. mAP50 is 0.2949 against the champion''s 0.2441 (+0.0507), not below the needed -0.7559 (champion -1 improvement, 0 tolerance).','5e774f7e68654e01b392cdbb2e432a16');
INSERT INTO "tags" VALUES('run_key','a80be17c6cb89603b36f9dde08cc596a','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('pipeline','digits','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('airflow.dag_id','train_digits','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('airflow.run_id','scheduled__2026-03-03T17:00:00+00:00','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('airflow.run_type','scheduled','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('airflow.logical_date','2026-03-03T17:00:00+00:00','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('data_interval_start','2026-03-03T17:00:00+00:00','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('data_interval_end','2026-03-04T17:00:00+00:00','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('trainer.version','0.1.0','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('mlflow.user','nightshift','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('mlflow.note.content','','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('mlflow.runName','2026-03-04 17:00 scheduled','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('owner','','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('step.preprocess','done','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('step.preprocess.fingerprint','d8112368bccaa086ac97c8c6d6549e66a8e783f50da73b9bf1ebf3f13a4dbd0a','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('dataset.digest','89690c6705084576f6aad66ffca263f3ac0f6d083d20444fe2ca4807fa797894','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('step.preprocess.result','{"protocol":1,"mlflow_run_id":"0fe7797ae1e1416ca9a3b6b648cb7ffd","already_done":false,"summary":"20 images (train 10, val 6, test 4), dataset 89690c670508","outcome":{"step":"preprocess","dataset_digest":"89690c6705084576f6aad66ffca263f3ac0f6d083d20444fe2ca4807fa797894","images":{"train":10,"val":6,"test":4}}}','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('step.preprocess.reason','20 images (train 10, val 6, test 4), dataset 89690c670508','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('step.train','failed','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('step.train.fingerprint','59611ee7ee95e1d03fb427c3d39ce228829f2df7be664f996eb4899d8b682ffa','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('training','{"digest":"1f038ee96a00e9e43b02329885405078343ac8ee32c375d9d3a7b58912d48bd3","trainer":"0.1.0","began_ms":1796130113256,"batch":null,"memory_exceeded":null,"result":null}','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('environment.python','3.11.7','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('environment.torch','2.13.0','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('environment.torchvision','0.28.0','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('environment.ultralytics','8.4.190','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('environment.mlflow','3.17.2','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('environment.numpy','2.4.6','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('environment.trainer','0.1.0','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('environment.git_sha','7a716f2','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('environment.cuda','','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('environment.image','nightshift-trainer:0.1.0','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('environment.image_id','','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('environment.host','vm','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('environment.system','Linux 6.18.44-fc-v857 x86_64','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('environment.cpu','AMD EPYC','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('environment.cpus','2','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('environment.gpu','','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('checkpoint_files','stored','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('checkpoint.previous','{"epoch":2,"files":{"last.pt":{"artifact":"checkpoints/69c0903a86d8b9aa3b85.pt","content_hash":"69c0903a86d8b9aa3b8523e70f85a59fe5f2f9f47031f00905f54b84c40532be"},"best.pt":{"artifact":"checkpoints/69c0903a86d8b9aa3b85.pt","content_hash":"69c0903a86d8b9aa3b8523e70f85a59fe5f2f9f47031f00905f54b84c40532be"},"results.csv":{"artifact":"checkpoints/cca3a389068509071d38.csv","content_hash":"cca3a389068509071d38473da8c7cad0b9f589854320cb155dc9c01d383a7a46"}}}','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('checkpoint','{"epoch":3,"files":{"last.pt":{"artifact":"checkpoints/2bef0fe9d867640cb67a.pt","content_hash":"2bef0fe9d867640cb67a2cc593fe26bce397b314f142a5ad7d8e5d59bc27540f"},"best.pt":{"artifact":"checkpoints/2bef0fe9d867640cb67a.pt","content_hash":"2bef0fe9d867640cb67a2cc593fe26bce397b314f142a5ad7d8e5d59bc27540f"},"results.csv":{"artifact":"checkpoints/f778d0c20a639cf78119.csv","content_hash":"f778d0c20a639cf78119284a1ed1b2ff2738f8adba745f12171956ee4e67d7d5"}}}','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('step.train.reason','told to stop by SIGTERM; the next try goes on from the last checkpoint','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('failure.step','train','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('failure.kind','terminated','0fe7797ae1e1416ca9a3b6b648cb7ffd');
INSERT INTO "tags" VALUES('failure.reason','told to stop by SIGTERM; the next try goes on from the last checkpoint','0fe7797ae1e1416ca9a3b6b648cb7ffd');
CREATE TABLE "trace_info" (
	request_id VARCHAR(50) NOT NULL, 
	experiment_id INTEGER NOT NULL, 
	timestamp_ms BIGINT NOT NULL, 
	execution_time_ms BIGINT, 
	status VARCHAR(50) NOT NULL, 
	client_request_id VARCHAR(50), 
	request_preview VARCHAR(1000), 
	response_preview VARCHAR(1000), 
	db_payload_generation INTEGER DEFAULT '0' NOT NULL, trace_name VARCHAR(4096), session_id VARCHAR(250), input_tokens BIGINT, output_tokens BIGINT, total_tokens BIGINT, cache_read_input_tokens BIGINT, cache_creation_input_tokens BIGINT, cache_creation_input_tokens_above_1hr BIGINT, input_cost FLOAT, output_cost FLOAT, total_cost FLOAT, 
	CONSTRAINT trace_info_pk PRIMARY KEY (request_id), 
	CONSTRAINT fk_trace_info_experiment_id FOREIGN KEY(experiment_id) REFERENCES experiments (experiment_id) ON DELETE CASCADE
);
CREATE TABLE trace_metrics (
	request_id VARCHAR(50) NOT NULL, 
	"key" VARCHAR(250) NOT NULL, 
	value FLOAT, 
	CONSTRAINT trace_metrics_pk PRIMARY KEY (request_id, "key"), 
	CONSTRAINT fk_trace_metrics_request_id FOREIGN KEY(request_id) REFERENCES trace_info (request_id) ON DELETE CASCADE
);
CREATE TABLE "trace_request_metadata" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	request_id VARCHAR(50) NOT NULL, 
	CONSTRAINT trace_request_metadata_pk PRIMARY KEY ("key", request_id), 
	CONSTRAINT fk_trace_request_metadata_request_id FOREIGN KEY(request_id) REFERENCES trace_info (request_id) ON DELETE CASCADE
);
CREATE TABLE "trace_tags" (
	"key" VARCHAR(250) NOT NULL, 
	value VARCHAR(8000), 
	request_id VARCHAR(50) NOT NULL, 
	CONSTRAINT trace_tag_pk PRIMARY KEY ("key", request_id), 
	CONSTRAINT fk_trace_tags_request_id FOREIGN KEY(request_id) REFERENCES trace_info (request_id) ON DELETE CASCADE
);
CREATE TABLE webhook_events (
	webhook_id VARCHAR(256) NOT NULL, 
	entity VARCHAR(50) NOT NULL, 
	action VARCHAR(50) NOT NULL, 
	CONSTRAINT webhook_event_pk PRIMARY KEY (webhook_id, entity, action), 
	FOREIGN KEY(webhook_id) REFERENCES webhooks (webhook_id) ON DELETE cascade
);
CREATE TABLE "webhooks" (
	webhook_id VARCHAR(256) NOT NULL, 
	name VARCHAR(256) NOT NULL, 
	description VARCHAR(1000), 
	url VARCHAR(500) NOT NULL, 
	status VARCHAR(20) DEFAULT 'ACTIVE' NOT NULL, 
	secret VARCHAR(1000), 
	creation_timestamp BIGINT, 
	last_updated_timestamp BIGINT, 
	deleted_timestamp BIGINT, 
	workspace VARCHAR(63) DEFAULT 'default' NOT NULL, 
	CONSTRAINT webhook_pk PRIMARY KEY (webhook_id)
);
CREATE TABLE workspaces (
	name VARCHAR(63) NOT NULL, 
	description TEXT, 
	default_artifact_root TEXT, trace_archival_location TEXT, trace_archival_retention VARCHAR(32), 
	CONSTRAINT workspaces_pk PRIMARY KEY (name)
);
INSERT INTO "workspaces" VALUES('default','Default workspace for legacy resources',NULL,NULL,NULL);
CREATE INDEX index_metrics_run_uuid ON metrics (run_uuid);
CREATE INDEX index_latest_metrics_run_uuid ON latest_metrics (run_uuid);
CREATE INDEX index_inputs_input_uuid ON inputs (input_uuid);
CREATE INDEX index_inputs_destination_type_destination_id_source_type ON inputs (destination_type, destination_id, source_type);
CREATE INDEX index_params_run_uuid ON params (run_uuid);
CREATE INDEX index_trace_tags_request_id ON trace_tags (request_id);
CREATE INDEX index_trace_request_metadata_request_id ON trace_request_metadata (request_id);
CREATE INDEX index_tags_run_uuid ON tags (run_uuid);
CREATE INDEX index_datasets_experiment_id_dataset_source_type ON datasets (experiment_id, dataset_source_type);
CREATE INDEX index_datasets_dataset_uuid ON datasets (dataset_uuid);
CREATE INDEX index_logged_model_metrics_model_id ON logged_model_metrics (model_id);
CREATE INDEX index_entity_associations_association_id ON entity_associations (association_id);
CREATE INDEX index_entity_associations_reverse_lookup ON entity_associations (destination_type, destination_id, source_type, source_id);
CREATE INDEX idx_webhook_events_entity ON webhook_events (entity);
CREATE INDEX idx_webhook_events_action ON webhook_events (action);
CREATE INDEX idx_webhook_events_entity_action ON webhook_events (entity, action);
CREATE UNIQUE INDEX index_scorers_experiment_id_scorer_name ON scorers (experiment_id, scorer_name);
CREATE INDEX index_scorer_versions_scorer_id ON scorer_versions (scorer_id);
CREATE INDEX index_evaluation_dataset_tags_dataset_id ON evaluation_dataset_tags (dataset_id);
CREATE INDEX index_evaluation_dataset_records_dataset_id ON evaluation_dataset_records (dataset_id);
CREATE INDEX index_endpoint_model_mappings_endpoint_id ON endpoint_model_mappings (endpoint_id);
CREATE INDEX index_endpoint_model_mappings_model_definition_id ON endpoint_model_mappings (model_definition_id);
CREATE INDEX index_endpoint_tags_endpoint_id ON endpoint_tags (endpoint_id);
CREATE INDEX index_trace_metrics_request_id ON trace_metrics (request_id);
CREATE UNIQUE INDEX unique_endpoint_model_linkage_mapping ON endpoint_model_mappings (endpoint_id, model_definition_id, linkage_type);
CREATE INDEX index_span_metrics_trace_id_span_id ON span_metrics (trace_id, span_id);
CREATE INDEX index_evaluation_datasets_name ON evaluation_datasets (name);
CREATE INDEX index_evaluation_datasets_created_time ON evaluation_datasets (created_time);
CREATE INDEX idx_webhooks_status ON webhooks (status);
CREATE INDEX idx_webhooks_name ON webhooks (name);
CREATE TRIGGER prevent_secrets_aad_mutation
BEFORE UPDATE ON secrets
FOR EACH ROW
WHEN OLD.secret_id != NEW.secret_id OR OLD.secret_name != NEW.secret_name
BEGIN
    SELECT RAISE(ABORT, 'secret_id and secret_name are immutable (used as AAD in encryption)');
END;
CREATE INDEX index_model_definitions_secret_id ON model_definitions (secret_id);
CREATE INDEX index_model_definitions_provider ON model_definitions (provider);
CREATE INDEX index_jobs_name_status_creation_time ON jobs (job_name, workspace, status, creation_time);
CREATE INDEX idx_experiments_workspace ON experiments (workspace);
CREATE INDEX idx_registered_models_workspace ON registered_models (workspace);
CREATE INDEX idx_experiments_workspace_creation_time ON experiments (workspace, creation_time);
CREATE INDEX idx_evaluation_datasets_workspace ON evaluation_datasets (workspace);
CREATE INDEX idx_webhooks_workspace ON webhooks (workspace);
CREATE INDEX idx_secrets_workspace ON secrets (workspace);
CREATE INDEX idx_endpoints_workspace ON endpoints (workspace);
CREATE INDEX idx_model_definitions_workspace ON model_definitions (workspace);
CREATE INDEX idx_budget_policies_workspace ON budget_policies (workspace);
CREATE INDEX index_issues_experiment_id ON issues (experiment_id);
CREATE INDEX index_issues_source_run_id ON issues (source_run_id);
CREATE INDEX index_issues_status ON issues (status);
CREATE INDEX index_metrics_run_uuid_key_step ON metrics (run_uuid, "key", step);
CREATE INDEX idx_guardrails_workspace ON guardrails (workspace);
CREATE INDEX idx_guardrails_scorer ON guardrails (scorer_id, scorer_version);
CREATE INDEX idx_guardrail_configs_endpoint_id ON guardrail_configs (endpoint_id);
CREATE INDEX idx_guardrail_configs_guardrail_id ON guardrail_configs (guardrail_id);
CREATE INDEX idx_model_version_tags_workspace_name_version ON model_version_tags (workspace, name, version);
CREATE INDEX idx_registered_model_tags_workspace_name ON registered_model_tags (workspace, name);
CREATE INDEX index_label_schemas_experiment_id ON label_schemas (experiment_id);
CREATE INDEX index_review_queues_experiment_id ON review_queues (experiment_id);
CREATE INDEX index_review_queue_users_user_id ON review_queue_users (user_id);
CREATE INDEX index_review_queue_items_queue_id_status ON review_queue_items (queue_id, status);
CREATE INDEX index_review_queue_items_item_id ON review_queue_items (item_id);
CREATE INDEX index_review_queue_label_schemas_schema_id ON review_queue_label_schemas (schema_id);
CREATE INDEX idx_mcp_server_versions_latest ON mcp_server_versions (workspace, name, status, version_major DESC, version_minor DESC, version_patch DESC);
CREATE INDEX ix_mcp_access_endpoints_server_name ON mcp_access_endpoints (workspace, server_name);
CREATE INDEX ix_mcp_access_endpoints_version ON mcp_access_endpoints (workspace, server_name, server_version);
CREATE INDEX ix_mcp_access_endpoints_alias ON mcp_access_endpoints (workspace, server_name, server_alias);
CREATE INDEX idx_budget_policies_target_value ON budget_policies (target_value);
CREATE INDEX index_trace_info_experiment_id_timestamp_ms ON trace_info (experiment_id, timestamp_ms);
CREATE INDEX index_trace_info_timestamp_ms_request_id ON trace_info (timestamp_ms, request_id);
CREATE INDEX index_assessments_run_id_created_timestamp ON assessments (run_id, created_timestamp);
CREATE INDEX index_assessments_assessment_type ON assessments (assessment_type);
CREATE INDEX index_assessments_trace_id_created_timestamp ON assessments (trace_id, created_timestamp);
CREATE INDEX index_assessments_last_updated_timestamp ON assessments (last_updated_timestamp);
CREATE INDEX index_spans_experiment_id_start_time ON spans (experiment_id, start_time_unix_nano);
CREATE INDEX index_spans_experiment_id_type_status ON spans (experiment_id, type, status);
CREATE INDEX index_spans_experiment_id_duration ON spans (experiment_id, duration_ns);
CREATE INDEX index_spans_experiment_id_status_type ON spans (experiment_id, status, type);
CREATE INDEX index_trace_info_experiment_id_session_id ON trace_info (experiment_id, session_id);
CREATE INDEX idx_trace_rollups_lookup ON sql_trace_metric_daily_rollups (experiment_id, rollup_day, metric_name, grouping_set, trace_status);
CREATE INDEX idx_span_cost_rollups_lookup ON sql_span_cost_daily_rollups (experiment_id, rollup_day, metric_name, grouping_set, model_name, model_provider);
CREATE INDEX idx_assessment_rollups_lookup ON sql_assessment_daily_rollups (experiment_id, rollup_day, metric_name, grouping_set);
CREATE INDEX idx_spans_cost_trace_time_cover ON spans (trace_id, start_time_unix_nano);
CREATE INDEX idx_spans_cost_exp_time_cover ON spans (experiment_id, start_time_unix_nano);
CREATE INDEX idx_assessments_exp_trace_ts ON assessments (experiment_id, trace_timestamp_ms);
CREATE INDEX idx_assessments_exp_trace_ts_name ON assessments (experiment_id, trace_timestamp_ms, name);
CREATE INDEX idx_assessments_exp_name_valid ON assessments (experiment_id, name, valid);
CREATE INDEX index_job_locks_job_id ON job_locks (job_id);
CREATE INDEX index_jobs_status_lease_expires_at ON jobs (status, lease_expires_at);
COMMIT;
