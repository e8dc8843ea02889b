{{- define "mlflow.postgresEnv" -}}
- name: PGHOST
  value: {{ include "mlflow.databaseHost" . }}
- name: PGPORT
  value: {{ .Values.database.port | int | toString | quote }}
- name: PGUSER
  value: {{ .Values.database.user }}
- name: PGDATABASE
  value: {{ .Values.database.name }}
- name: PGSSLMODE
  value: {{ .Values.database.sslMode }}
- name: PGPASSWORD
  {{- include "mlflow.secret" (dict "root" . "key" "PGPASSWORD") | nindent 2 }}
{{- end }}

{{- define "mlflow.backupEnv" -}}
{{- if not .Values.backup.s3.bucket }}
{{- fail "backup.s3.bucket is empty; expected the bucket for backups" }}
{{- end }}
{{- if and (eq .Values.backup.s3.bucket .Values.s3.bucket) (not .Values.backup.s3.endpointUrl) }}
{{- fail (printf "backup.s3.bucket: got %s, which is that of the artifacts; expected another one" .Values.s3.bucket) }}
{{- end }}
{{- $endpoint := include "mlflow.s3Endpoint" . }}
{{- include "mlflow.databaseEnv" . }}
{{ include "mlflow.s3Env" . }}
- name: S3_BUCKET
  value: {{ .Values.s3.bucket }}
- name: S3_PREFIX
  value: {{ .Values.s3.prefix }}
- name: S3_ENDPOINT_URL
  value: {{ $endpoint | quote }}
- name: S3_REGION
  value: {{ .Values.s3.region }}
- name: BACKUP_S3_BUCKET
  value: {{ .Values.backup.s3.bucket }}
- name: BACKUP_S3_PREFIX
  value: {{ .Values.backup.s3.prefix }}
- name: BACKUP_S3_ENDPOINT_URL
  value: {{ .Values.backup.s3.endpointUrl | default $endpoint | quote }}
- name: BACKUP_S3_REGION
  value: {{ .Values.backup.s3.region | default .Values.s3.region }}
- name: SCRATCH
  value: /scratch
- name: BACKUP_KEEP
  value: {{ .Values.backup.keep | int | toString | quote }}
- name: RESTORE_FROM
  value: {{ .Values.restore.from | quote }}
- name: RESTORE_REPLACE
  value: {{ .Values.restore.replace | toString | quote }}
{{- end }}

{{- define "mlflow.backupPod" -}}
{{ include "mlflow.pod" (dict "root" . "user" .Values.postgresql.uid) }}
volumes:
  {{- include "mlflow.scriptVolumes" . | nindent 2 }}
  - name: scratch
    emptyDir:
      sizeLimit: {{ .Values.backup.scratchSize }}
{{- end }}

{{- define "mlflow.backupContainer" -}}
securityContext: {{- include "mlflow.containerSecurity" . | nindent 2 }}
resources: {{- toYaml .Values.backup.resources | nindent 2 }}
volumeMounts:
  {{- include "mlflow.scriptMounts" . | nindent 2 }}
  - name: scratch
    mountPath: /scratch
{{- end }}

{{- /* One step of it in MLflow's image. */ -}}
{{- define "mlflow.backupStep" -}}
- name: {{ .step }}
  image: {{ include "mlflow.image" .root.Values.image | nindent 2 | trim }}
  command: [/usr/bin/tini, --, python, /etc/nightshift/backup.py, {{ .step }}]
  env: {{- include "mlflow.backupEnv" .root | nindent 4 }}
  {{- include "mlflow.backupContainer" .root | nindent 2 }}
{{- end }}
