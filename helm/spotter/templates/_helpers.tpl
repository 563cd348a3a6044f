{{- /* SPDX-License-Identifier: Apache-2.0 */ -}}
{{- /* Names and parts. A component's helper takes (dict "root" $ "name" "engine"). */ -}}

{{- define "spotter.fullname" -}}
{{- if contains "spotter" .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}{{ printf "%s-spotter" (.Release.Name | trunc 32 | trimSuffix "-") }}{{ end }}
{{- end }}

{{- define "spotter.component" -}}
{{ include "spotter.fullname" .root }}-{{ .name }}
{{- end }}

{{- /* What runs. A standby is an engine: it follows the same shards and owns none until promoted. */ -}}
{{- define "spotter.components" -}}
ingest engine gateway{{ if .Values.standby.enabled }} standby{{ end }}
{{- end }}

{{- /* The part of the values that a component is set by. */ -}}
{{- define "spotter.section" -}}
{{ ternary "engine" .name (eq .name "standby") }}
{{- end }}

{{- define "spotter.selector" -}}
app.kubernetes.io/name: spotter
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "spotter.labels" -}}
{{ include "spotter.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{- define "spotter.serviceAccount" -}}
{{ .Values.serviceAccount.name | default (ternary (include "spotter.fullname" .) "default" .Values.serviceAccount.create) }}
{{- end }}

{{- /* The configuration file: the keys are the program's flags. */ -}}
{{- define "spotter.config" -}}
{{- $v := .root.Values }}
{{- $keys := dict
      "brokers" $v.kafka.brokers
      "grpc" "0.0.0.0:7071"
      "admin" "0.0.0.0:7072"
      "plain-http" true
      "tokens" "/etc/spotter/tokens/tokens.yaml"
      "tls-cert" "/etc/spotter/tls/tls.crt"
      "tls-key" "/etc/spotter/tls/tls.key" }}
{{- range $name, $value := $v.kafka.settings }}{{ $_ := set $keys (printf "kafka.%s" $name) $value }}{{ end }}
{{- if eq .name "ingest" }}
  {{- $keys = merge $keys (dict "http" "0.0.0.0:7070" "group" $v.ingest.group "topics" (join "," $v.ingest.topics)) }}
  {{- if $v.tokens.webhooks }}{{ $_ := set $keys "secrets" "/etc/spotter/tokens/webhooks.yaml" }}{{ end }}
{{- else if eq (include "spotter.section" .) "engine" }}
  {{- $keys = merge $keys (dict "data" "/data" "replicas" $v.engine.replicas
        "snapshots" (ternary "/snapshots" "/data/snapshots" (ne $v.engine.snapshots.existingClaim ""))) }}
  {{- if eq .name "standby" }}{{ $_ := set $keys "standby" true }}{{ end }}
{{- else }}
  {{- $ingest := include "spotter.component" (dict "root" .root "name" "ingest") }}
  {{- $keys = merge $keys (dict "ingest" (printf "%s.%s.svc:7071" $ingest .root.Release.Namespace) "tls-ca" "/etc/spotter/tls/ca.crt") }}
{{- end }}
{{- range $name, $value := (index $v (include "spotter.section" .)).settings }}
  {{- if hasKey $keys $name }}{{ fail (printf "%s.settings.%s: the chart sets this key itself" $.name $name) }}{{ end }}
  {{- $_ := set $keys $name $value }}
{{- end }}
{{- toYaml $keys }}
{{- end }}

{{- /* What every pod has; the component adds its volumes. */ -}}
{{- define "spotter.podSpec" -}}
serviceAccountName: {{ include "spotter.serviceAccount" .root }}
automountServiceAccountToken: false
enableServiceLinks: false
terminationGracePeriodSeconds: {{ (index .root.Values (include "spotter.section" .)).terminationGracePeriodSeconds }}
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: topology.kubernetes.io/zone
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "spotter.selector" . | nindent 8 }}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
      - weight: 100
        podAffinityTerm:
          topologyKey: kubernetes.io/hostname
          labelSelector:
            matchLabels: {{- include "spotter.selector" . | nindent 14 }}
{{- end }}

{{- define "spotter.container" -}}
name: {{ .name }}
image: "{{ .root.Values.image.repository }}:{{ .root.Values.image.tag | default .root.Chart.AppVersion }}"
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
resources: {{- toYaml (index .root.Values (include "spotter.section" .)).resources | nindent 2 }}
livenessProbe:  # the process itself, never Kafka or a peer
  httpGet: {path: /healthz, port: admin}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: admin}
  periodSeconds: 5
  timeoutSeconds: 5
startupProbe:
  httpGet: {path: /healthz, port: admin}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: {{ if eq (include "spotter.section" .) "engine" }}{{ mul .root.Values.engine.startupMinutes 12 }}{{ else }}24{{ end }}
{{- end }}

{{- define "spotter.mounts" -}}
- {name: config, mountPath: /etc/spotter/config, readOnly: true}
- {name: tls, mountPath: /etc/spotter/tls, readOnly: true}
- {name: tokens, mountPath: /etc/spotter/tokens, readOnly: true}
{{- if .root.Values.kafka.existingSecret }}
- {name: kafka, mountPath: /etc/spotter/kafka, readOnly: true}
{{- end }}
{{- end }}

{{- define "spotter.volumes" -}}
- name: config
  configMap: {name: {{ include "spotter.component" . }}}
- name: tls
  secret: {secretName: {{ .root.Values.tls.existingSecret }}, defaultMode: 0440}
- name: tokens
  secret: {secretName: {{ .root.Values.tokens.existingSecret }}, defaultMode: 0440}
{{- if .root.Values.kafka.existingSecret }}
- name: kafka
  secret: {secretName: {{ .root.Values.kafka.existingSecret }}, defaultMode: 0440}
{{- end }}
{{- end }}

{{- define "spotter.podAnnotations" -}}
checksum/config: {{ include "spotter.config" . | sha256sum }}
{{- with .root.Values.podAnnotations }}
{{ toYaml . }}
{{- end }}
{{- end }}
