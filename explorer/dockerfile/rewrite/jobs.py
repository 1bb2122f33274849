"""CI jobs that build the image for its platforms with the rewritten Dockerfile: GitHub Actions and GitLab."""

from __future__ import annotations

from collections.abc import Mapping

SYSTEMS = ("github", "gitlab")
PLACES: Mapping[str, str] = {"github": ".github/workflows/image.yml", "gitlab": ".gitlab-ci.yml"}
DEFAULT_PLATFORMS = ("linux/amd64", "linux/arm64")

_GITHUB = """\
# Builds the image for every platform; pushes it from the main branch and from version tags.
name: image

on:
  push:
    branches: [main]
    tags: ["v*"]
  pull_request:

permissions:
  contents: read
  packages: write

jobs:
  image:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: docker/setup-buildx-action@v3
      - uses: docker/login-action@v3
        if: github.event_name != 'pull_request'
        with:
          registry: ghcr.io
          username: ${{ github.actor }}
          password: ${{ secrets.GITHUB_TOKEN }}
      - id: meta
        uses: docker/metadata-action@v5
        with:
          images: ghcr.io/${{ github.repository }}
      - uses: docker/build-push-action@v6
        with:
          context: .
          file: @DOCKERFILE@
          platforms: @PLATFORMS@
          push: ${{ github.event_name != 'pull_request' }}
          tags: ${{ steps.meta.outputs.tags }}
          labels: ${{ steps.meta.outputs.labels }}
          cache-from: type=gha
          cache-to: type=gha,mode=max
"""

_GITLAB = """\
# Builds the image for every platform; pushes it from the default branch and from tags.
image:
  image: docker:28
  services: ["docker:28-dind"]
  variables:
    DOCKER_TLS_CERTDIR: "/certs"
    PLATFORMS: "@PLATFORMS@"
  before_script:
    - docker login -u "$CI_REGISTRY_USER" -p "$CI_REGISTRY_PASSWORD" "$CI_REGISTRY"
    - docker context create builder
    - docker buildx create --use builder
  script:
    - >-
      docker buildx build --platform "$PLATFORMS" --file @DOCKERFILE@
      --cache-from "type=registry,ref=$CI_REGISTRY_IMAGE:cache"
      --cache-to "type=registry,ref=$CI_REGISTRY_IMAGE:cache,mode=max"
      --tag "$CI_REGISTRY_IMAGE:$CI_COMMIT_REF_SLUG" --push .
  rules:
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
    - if: $CI_COMMIT_TAG
"""
_TEMPLATES = {"github": _GITHUB, "gitlab": _GITLAB}


def ci_job(system: str, platforms: tuple[str, ...], dockerfile: str = "Dockerfile") -> str:
    """The text of one job; `system` is github or gitlab."""
    text = _TEMPLATES[system].replace("@DOCKERFILE@", dockerfile)
    return text.replace("@PLATFORMS@", ",".join(platforms or DEFAULT_PLATFORMS))
