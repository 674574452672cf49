{{- define "cognate.name" -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "cognate.selector" -}}
app.kubernetes.io/name: cognate
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "cognate.labels" -}}
{{ include "cognate.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "cognate.checks" -}}
{{- if and (not .Values.database.existingSecret) (or (gt (int .Values.replicas) 1) .Values.autoscaling.enabled) -}}
{{- fail "several replicas need database.existingSecret: a data folder belongs to one process" -}}
{{- end -}}
{{- end -}}

{{- define "cognate.pod" -}}
metadata:
  labels:
    {{- include "cognate.labels" . | nindent 4 }}
  annotations:
    # A changed file of settings starts the pods anew.
    checksum/config: {{ .Values.config | sha256sum }}
spec:
  automountServiceAccountToken: false
  # Longer than limits.shutdown_seconds and the pause before it.
  terminationGracePeriodSeconds: 40
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    fsGroup: 65532
    fsGroupChangePolicy: OnRootMismatch
    seccompProfile:
      type: RuntimeDefault
  {{- with .Values.imagePullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  containers:
    - name: cognate
      image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"
      imagePullPolicy: {{ .Values.image.pullPolicy }}
      args:
        - serve
        - --listen=0.0.0.0:9229
        - --config=/etc/cognate/cognate.toml
        {{- if not .Values.database.existingSecret }}
        - --data=/data/cognate
        {{- end }}
      env:
        - name: COGNATE_MASTER_KEY
          valueFrom:
            secretKeyRef:
              name: {{ required "name the secret of the master key: masterKey.existingSecret" .Values.masterKey.existingSecret }}
              key: {{ .Values.masterKey.key }}
        - name: COGNATE_ROOT_ACCESS_KEY_ID
          valueFrom:
            secretKeyRef:
              name: {{ required "name the secret of the root key: rootKey.existingSecret" .Values.rootKey.existingSecret }}
              key: {{ .Values.rootKey.idKey }}
        - name: COGNATE_ROOT_SECRET_ACCESS_KEY
          valueFrom:
            secretKeyRef:
              name: {{ .Values.rootKey.existingSecret }}
              key: {{ .Values.rootKey.secretKey }}
        {{- if .Values.database.existingSecret }}
        - name: COGNATE_DATABASE_URL
          valueFrom:
            secretKeyRef:
              name: {{ .Values.database.existingSecret }}
              key: {{ .Values.database.key }}
        {{- end }}
        {{- with .Values.env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      ports:
        - name: http
          containerPort: 9229
      # Migrations of the schema run before it listens.
      startupProbe:
        httpGet:
          path: /health
          port: http
        periodSeconds: 2
        failureThreshold: 150
      livenessProbe:
        httpGet:
          path: /health
          port: http
        timeoutSeconds: 3
      # The store is asked, and waited for while a database fails over.
      readinessProbe:
        httpGet:
          path: /ready
          port: http
        periodSeconds: 5
        timeoutSeconds: 3
        failureThreshold: 2
      lifecycle:
        preStop:
          # Requests go on arriving until every proxy knows that the pod is leaving.
          # By Kubernetes, so that the image needs no program for it.
          sleep:
            seconds: 5
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities:
          drop: ["ALL"]
      resources:
        {{- toYaml .Values.resources | nindent 8 }}
      volumeMounts:
        - name: config
          mountPath: /etc/cognate
          readOnly: true
        - name: data
          mountPath: /data
        {{- with .Values.volumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- with .Values.sidecars }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  volumes:
    - name: config
      configMap:
        name: {{ include "cognate.name" . }}
    {{- if .Values.database.existingSecret }}
    - name: data
      emptyDir: {}
    {{- end }}
    {{- with .Values.volumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- with .Values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with .Values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  affinity:
    {{- if .Values.affinity }}
    {{- toYaml .Values.affinity | nindent 4 }}
    {{- else }}
    podAntiAffinity:
      preferredDuringSchedulingIgnoredDuringExecution:
        - weight: 100
          podAffinityTerm:
            topologyKey: kubernetes.io/hostname
            labelSelector:
              matchLabels:
                {{- include "cognate.selector" . | nindent 16 }}
    {{- end }}
{{- end -}}
