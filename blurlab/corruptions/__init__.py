"""The 19 corruptions of ImageNet-C (Hendrycks & Dietterich 2019), batched, at five severities."""
