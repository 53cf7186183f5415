{{- define "enphase-exporter.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "enphase-exporter.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains (include "enphase-exporter.name" .) .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "enphase-exporter.name" .) | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "enphase-exporter.selectorLabels" -}}
app.kubernetes.io/name: {{ include "enphase-exporter.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "enphase-exporter.labels" -}}
{{ include "enphase-exporter.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "enphase-exporter.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{- define "enphase-exporter.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "enphase-exporter.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "enphase-exporter.secretName" -}}
{{- .Values.secret.existing | default (include "enphase-exporter.fullname" .) -}}
{{- end -}}

{{- define "enphase-exporter.config" -}}
{{- $config := deepCopy .Values.config -}}
{{- if .Values.gateways -}}
{{- $_ := set $config "gateways" .Values.gateways -}}
{{- end -}}
{{- if not (hasKey $config "gateways") -}}
{{- fail "enphase-exporter: no gateway is configured; set gateways[0].host (and token_file for firmware 7 or newer)" -}}
{{- end -}}
{{ toYaml $config }}
{{- end -}}
