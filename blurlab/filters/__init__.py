"""What frequencies are made of: spectra and filters, hybrids, the blur layer, the PCA defence."""
