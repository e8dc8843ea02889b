{{- define "mlflow.labels" -}}
{{ include "mlflow.selector" . }}
app.kubernetes.io/part-of: nightshift
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "mlflow.selector" -}}
app.kubernetes.io/name: nightshift-mlflow
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "mlflow.metadata" -}}
name: {{ .name }}
namespace: {{ .root.Release.Namespace }}
labels: {{- include "mlflow.labels" . | nindent 2 }}
{{- end }}

{{- define "mlflow.image" -}}
{{ printf "%s:%s" .repository .tag | quote }}
imagePullPolicy: {{ .pullPolicy }}
{{- end }}

{{- define "mlflow.databaseHost" -}}
{{- if .Values.database.host }}
{{- .Values.database.host }}
{{- else if .Values.postgresql.enabled }}
{{- .Values.postgresql.clusterIP | default (printf "%s-postgresql" .Release.Name) }}
{{- else }}
{{- fail "database.host is empty; expected the address of a PostgreSQL, or postgresql.enabled for a trial" }}
{{- end }}
{{- end }}

{{- /* Without a password: PostgreSQL's client library reads it from PGPASSWORD itself. */ -}}
{{- define "mlflow.databaseUri" -}}
{{- with .Values.database -}}
postgresql+psycopg2://{{ .user }}@{{ include "mlflow.databaseHost" $ }}:{{ int .port }}/{{ .name }}
{{- end }}
{{- end }}

{{- define "mlflow.s3Endpoint" -}}
{{- if .Values.s3.endpointUrl }}
{{- .Values.s3.endpointUrl }}
{{- else if .Values.seaweedfs.enabled -}}
http://{{ .Values.seaweedfs.clusterIP | default (printf "%s-s3" .Release.Name) }}:8333
{{- end }}
{{- end }}

{{- /* Names by which the server may be called; giving any replaces MLflow's own list. */ -}}
{{- define "mlflow.allowedHosts" -}}
{{- $names := list "localhost" "127.0.0.1" .Release.Name }}
{{- range $suffix := list "" ".svc" ".svc.cluster.local" }}
{{- $names = append $names (printf "%s.%s%s" $.Release.Name $.Release.Namespace $suffix) }}
{{- end }}
{{- $names = concat $names (compact (list .Values.service.clusterIP .Values.ingress.host)) }}
{{- if .Values.serviceMonitor.enabled }}
{{- $names = append $names "$(POD_IP)" }}
{{- end }}
{{- $hosts := .Values.server.allowedHosts }}
{{- range $names }}
{{- $hosts = concat $hosts (list . (printf "%s:*" .)) }}
{{- end }}
{{- join "," $hosts }}
{{- end }}

{{- define "mlflow.secret" -}}
valueFrom:
  secretKeyRef:
    name: {{ .root.Values.credentials.name }}
    key: {{ .key }}
    {{- if .optional }}
    optional: true
    {{- end }}
{{- end }}

{{- define "mlflow.databaseEnv" -}}
- name: DATABASE_URI
  value: {{ include "mlflow.databaseUri" . }}
- name: PGSSLMODE
  value: {{ .Values.database.sslMode }}
- name: PGPASSWORD
  {{- include "mlflow.secret" (dict "root" . "key" "PGPASSWORD") | nindent 2 }}
{{- end }}

{{- define "mlflow.s3Env" -}}
- name: AWS_ACCESS_KEY_ID
  {{- include "mlflow.secret" (dict "root" . "key" "AWS_ACCESS_KEY_ID" "optional" true) | nindent 2 }}
- name: AWS_SECRET_ACCESS_KEY
  {{- include "mlflow.secret" (dict "root" . "key" "AWS_SECRET_ACCESS_KEY" "optional" true) | nindent 2 }}
- name: AWS_DEFAULT_REGION
  value: {{ .Values.s3.region }}
{{- if include "mlflow.s3Endpoint" . }}
- name: AWS_REQUEST_CHECKSUM_CALCULATION
  value: when_required
- name: AWS_RESPONSE_CHECKSUM_VALIDATION
  value: when_required
{{- end }}
{{- end }}

{{- /* What every pod of the chart has; `user` owns its files. */ -}}
{{- define "mlflow.pod" -}}
serviceAccountName: {{ .root.Values.serviceAccount.name }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ int .user }}
  fsGroup: {{ int .user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .root.Values }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .hostAliases }}
hostAliases: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{- define "mlflow.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "mlflow.scriptVolumes" -}}
- name: files
  configMap:
    name: {{ .Release.Name }}-files
- name: tmp
  emptyDir: {}
{{- end }}

{{- define "mlflow.scriptMounts" -}}
- name: files
  mountPath: /etc/nightshift
- name: tmp
  mountPath: /tmp
{{- end }}

{{- /* A Job named by what it does: Jobs cannot be changed, so that another image or another setting is another Job.
       `pod` is its pod's spec, `files` makes it another one when a script has changed. */ -}}
{{- define "mlflow.job" -}}
{{- $files := include (print .root.Template.BasePath "/files.yaml") .root | sha256sum }}
{{- $hash := printf "%s %s %s" .pod $files .root.Chart.Version | sha256sum | trunc 8 }}
{{- $identity := dict "root" .root "name" (printf "%s-%s-%s" .root.Release.Name .component $hash) "component" .component }}
apiVersion: batch/v1
kind: Job
metadata:
  {{- include "mlflow.metadata" $identity | nindent 2 }}
spec:
  backoffLimit: {{ .backoffLimit }}
  activeDeadlineSeconds: {{ int .timeoutSeconds }}
  template:
    metadata:
      labels: {{- include "mlflow.labels" $identity | nindent 8 }}
    spec:
      restartPolicy: Never
      {{- .pod | nindent 6 }}
{{- end }}
