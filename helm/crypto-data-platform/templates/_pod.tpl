{{/*
The pod of a role: `root`, `component` (the role), `values` (its part of the values), `port`, `drain` (seconds between the end of its being
sent work and SIGTERM), `secrets` (variables from the Secret), `source` (whether it asks the source of prices), `start` (seconds that it may
take to serve). What must fit the code: ports, paths and the grace, 25 s of the platform's own and 5 s to spare.
*/}}
{{- define "cdp.deploymentPod" -}}
{{- $root := .root }}
metadata:
  labels:
    {{- include "cdp.labels" . | nindent 4 }}
    crypto-data-platform/metrics: 'true'
  annotations:
    checksum/configuration: {{ printf "%s%s%s" (include "cdp.config" $root) (include "cdp.secretValues" $root) $root.Values.databaseAuthority | sha256sum }}
    {{- with $root.Values.podAnnotations }}{{ toYaml . | nindent 4 }}{{ end }}
spec:
  serviceAccountName: {{ include "cdp.name" $root }}
  terminationGracePeriodSeconds: {{ add 30 .drain }}
  {{- include "cdp.podSpec" (dict "root" $root "authority" (printf "%s-database-authority" (include "cdp.name" $root))) | nindent 2 }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector: { matchLabels: {{ include "cdp.selector" . | fromYaml | toJson }} }
  containers:
    - name: {{ .component }}
      {{- include "cdp.container" $root | nindent 6 }}
      args: [{{ .component }}]
      envFrom:
        - configMapRef: { name: {{ include "cdp.name" $root }} }
        {{- if .source }}
        - configMapRef: { name: {{ include "cdp.name" $root }}-source }
        {{- end }}
      env:
        {{- range .secrets }}
        - name: {{ . }}
          valueFrom: { secretKeyRef: { name: {{ include "cdp.secret" $root }}, key: {{ . }}, optional: {{ ne . "DATABASE_URL" }} } }
        {{- end }}
        {{- with $root.Values.extraEnv }}{{ toYaml . | nindent 8 }}{{ end }}
      ports: [{ name: http, containerPort: {{ .port }} }]
      startupProbe: { httpGet: { path: /livez, port: http }, periodSeconds: 2, timeoutSeconds: 3, failureThreshold: {{ div .start 2 }} }
      livenessProbe: { httpGet: { path: /livez, port: http }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }
      # The platform gives each part of the answer 2 s.
      readinessProbe: { httpGet: { path: /readyz, port: http }, periodSeconds: 5, timeoutSeconds: 4, failureThreshold: 2 }
      {{- if .drain }}
      lifecycle: { preStop: { sleep: { seconds: {{ .drain }} } } }
      {{- end }}
      resources: {{ toJson .values.resources }}
      {{- include "cdp.volumeMounts" $root | nindent 6 }}
{{- end }}

{{/* What the pods of the roles and of the migration share; `authority`: the ConfigMap with databaseAuthority. */}}
{{- define "cdp.podSpec" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext: { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, seccompProfile: { type: RuntimeDefault } }
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector: {{ toJson . }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations: {{ toJson . }}
{{- end }}
{{- if or .root.Values.databaseAuthority .root.Values.extraVolumes }}
volumes:
  {{- if .root.Values.databaseAuthority }}
  - { name: database-authority, configMap: { name: {{ .authority }} } }
  {{- end }}
  {{- with .root.Values.extraVolumes }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end }}
{{- end }}

{{- define "cdp.volumeMounts" -}}
{{- if or .Values.databaseAuthority .Values.extraVolumeMounts -}}
volumeMounts:
  {{- if .Values.databaseAuthority }}
  - { name: database-authority, mountPath: {{ include "cdp.authorityDirectory" . }}, readOnly: true }
  {{- end }}
  {{- with .Values.extraVolumeMounts }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end }}
{{- end }}

{{- define "cdp.container" -}}
image: {{ include "cdp.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
{{- end }}

{{/* A role's Deployment; `strategy` and `replicas` (null: an autoscaler's) beside what its pod needs. */}}
{{- define "cdp.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "cdp.name" .root }}-{{ .component }}
  labels: {{ include "cdp.labels" . | nindent 4 }}
spec:
  {{- if not (kindIs "invalid" .replicas) }}
  replicas: {{ .replicas }}
  {{- end }}
  revisionHistoryLimit: 5
  strategy: {{ toJson .strategy }}
  selector: { matchLabels: {{ include "cdp.selector" . | fromYaml | toJson }} }
  template: {{ include "cdp.deploymentPod" . | nindent 4 }}
{{- end }}
