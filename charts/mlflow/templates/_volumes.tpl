{{- /* The data of a StatefulSet: a claim of its own, or a folder that goes with the pod. */ -}}
{{- define "mlflow.dataVolume" -}}
{{- if not .enabled }}
- name: data
  emptyDir:
    sizeLimit: {{ .size }}
{{- end }}
{{- end }}

{{- define "mlflow.dataClaim" -}}
{{- if .enabled }}
volumeClaimTemplates:
  - metadata:
      name: data
    spec:
      accessModes: [ReadWriteOnce]
      {{- if not (kindIs "invalid" .storageClassName) }}
      storageClassName: {{ .storageClassName | quote }}
      {{- end }}
      resources:
        requests:
          storage: {{ .size }}
{{- end }}
{{- end }}
