{{- define "training.labels" -}}
app.kubernetes.io/part-of: nightshift
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- /* Who is at the other end of an outgoing connection: addresses, or else pods by their labels. */ -}}
{{- define "training.peers" -}}
{{- $except := .except }}
{{- range .cidrs }}
- ipBlock:
    cidr: {{ . }}
    {{- with $except }}
    except: {{- toYaml . | nindent 6 }}
    {{- end }}
{{- else }}
- podSelector:
    matchLabels: {{- toYaml .podLabels | nindent 6 }}
  {{- with .namespaceLabels }}
  namespaceSelector:
    matchLabels: {{- toYaml . | nindent 6 }}
  {{- end }}
{{- end }}
{{- end }}
