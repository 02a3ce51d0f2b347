"""Models of images: rendered pictures of fruit, training on them, the download of published weights."""
