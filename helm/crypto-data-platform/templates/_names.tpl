{{/* Names and labels that the templates share. */}}
{{- define "cdp.name" -}}
{{- $name := contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) }}
{{- $name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* Of a pod and whatever selects it: never changes within a release. */}}
{{- define "cdp.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end }}

{{- define "cdp.labels" -}}
{{ include "cdp.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "cdp.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end }}

{{/* Where the pods find the certificate that is given as databaseAuthority. */}}
{{- define "cdp.authorityDirectory" -}}
/etc/database-authority
{{- end }}

{{/* The Secret that the roles read, whoever makes it. */}}
{{- define "cdp.secret" -}}
{{ .Values.secrets.existing | default (include "cdp.name" .) }}
{{- end }}

{{- define "cdp.postgresPassword" -}}
{{ required "postgres.password is missing: the Postgres in the cluster needs one" .Values.postgres.password }}
{{- end }}

{{/* What the chart's own Secret holds, as YAML; empty where somebody else makes it. */}}
{{- define "cdp.secretValues" -}}
{{- if not (or .Values.secrets.existing .Values.secrets.external.enabled) }}
{{- $values := deepCopy .Values.secrets.values }}
{{- if .Values.postgres.inCluster }}
{{- $_ := set $values "DATABASE_URL" (printf "postgresql://cdp:%s@%s-postgres:5432/cdp" (include "cdp.postgresPassword" .) (include "cdp.name" .)) }}
{{- end }}
{{- $_ := required "DATABASE_URL is missing: set secrets.existing, secrets.external or secrets.values.DATABASE_URL" $values.DATABASE_URL }}
{{- /* Not in the schema, whose refusals quote what was given. */}}
{{- if not (regexMatch "^postgres(ql)?://." $values.DATABASE_URL) }}{{ fail "secrets.values.DATABASE_URL must be a URL like postgresql://user:password@host:5432/database" }}{{ end }}
{{- toYaml $values }}
{{- end }}
{{- end }}

{{/* The names that the gateway is asked under: its page's, and its Service's within the cluster. */}}
{{- define "cdp.allowedOrigins" -}}
{{- $service := printf "%s-gateway" (include "cdp.name" .) }}
{{- $origins := list (printf "http://%s" $service) (printf "http://%s.%s" $service .Release.Namespace) (printf "http://%s.%s.svc" $service .Release.Namespace) (printf "http://%s.%s.svc.cluster.local" $service .Release.Namespace) }}
{{- if and .Values.ingress.enabled .Values.ingress.host }}
{{- $origins = append $origins (printf "https://%s" .Values.ingress.host) }}
{{- end }}
{{- with .Values.config.ALLOWED_ORIGINS }}{{ $origins = append $origins . }}{{ end }}
{{- join "," $origins }}
{{- end }}

{{/* What the roles are set to, as YAML: `all` of them, and `source`, those that ask the source of prices. */}}
{{- define "cdp.config" -}}
{{- $source := list "COINGECKO_PLAN" "COINGECKO_BASE_URL" "COINGECKO_CALLS_PER_MINUTE" "COINGECKO_MONTHLY_CREDIT" "COINS" "PRICE_POLL_SECONDS" "BATCH_CRON" }}
{{- $config := deepCopy .Values.config }}
{{- $_ := set $config "ALLOWED_ORIGINS" (include "cdp.allowedOrigins" .) }}
{{- $_ := set $config "KAFKA_BROKERS" (include "cdp.brokers" .) }}
{{- $sourceConfig := dict }}
{{- range $source }}{{ if hasKey $config . }}{{ $_ := set $sourceConfig . (get $config .) }}{{ $_ := unset $config . }}{{ end }}{{ end }}
{{- dict "all" $config "source" $sourceConfig | toYaml }}
{{- end }}

{{- define "cdp.brokers" -}}
{{- if .Values.kafka.inCluster }}{{ include "cdp.name" . }}-kafka:9092
{{- else }}{{ required "config.KAFKA_BROKERS is missing: the roles apart need Kafka" .Values.config.KAFKA_BROKERS }}
{{- end }}
{{- end }}

{{/*
Ports that a network policy has to open towards `address` (URLs or host:port, by commas; empty: not known), comma-separated. `ports`: the
ones that are set, `key` their place in the values; `fallback`: without both.
*/}}
{{- define "cdp.ports" -}}
{{- $needed := list }}
{{- range compact (splitList "," .address) }}
{{- $port := regexFind ":[0-9]+(/|\\?|$)" . | trimAll ":/?" }}
{{- $needed = append $needed ($port | default (hasPrefix "http://" . | ternary "80" $.fallback)) }}
{{- end }}
{{- $given := list }}
{{- range .ports }}{{ $given = append $given (toString .) }}{{ end }}
{{- range $needed }}
{{- if and $given (not (has . $given)) }}{{ fail (printf "%s are %s: port %s, which the roles are sent to, is not among them" $.key (join ", " $given) .) }}{{ end }}
{{- end }}
{{- $given | default ($needed | default (list .fallback)) | uniq | join "," }}
{{- end }}

{{/* Argo CD applies waves in order: what the migration needs, the migration, the roles. Helm needs no such word. */}}
{{- define "cdp.firstWave" -}}
argocd.argoproj.io/sync-wave: '-2'
{{- end }}
