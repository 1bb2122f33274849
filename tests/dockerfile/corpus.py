"""Dockerfiles written for the tests: every form that BuildKit's parser treats in a way of its own, alone and joined."""

from __future__ import annotations

# What a file may begin with.
OPENINGS = (
    "FROM golang:1.27\n",
    "# syntax=docker/dockerfile:1\nFROM golang:1.27 AS build\n",
    "# escape=`\nFROM golang:1.27\n",
    "#escape=\\\n# a comment\n\nFROM golang:1.27\n",
    "# unknown=directive\n# escape=`\nFROM golang:1.27\n",
    "# a comment ends the directives\n# escape=`\nFROM golang:1.27\n",
    "\ufeffFROM golang:1.27\n",
    "\r\n# windows\r\nFROM golang:1.27\r\n",
    "ARG VERSION=1.27\nARG VARIANT\nFROM --platform=$BUILDPLATFORM golang:${VERSION}${VARIANT:+-$VARIANT} AS Build\n",
    "   \n\t\n  from   golang:1.27   as   build  \n",
)
# One instruction or a few, each with a trap.
BODIES = (
    'RUN go build -o app .\nCMD ["/app"]\n',
    "RUN apt-get update && \\\n    apt-get install -y git && \\\n    rm -rf /var/lib/apt/lists/*\n",
    "RUN a \\\n  # a comment inside\n  b \\\n\n  c\n",
    "RUN a `\n b\nRUN c\n",
    "RUN a \\ \t\n b\n",
    "RUN a \\\r\n b\r\nRUN c\r\n",
    "RUN <<EOF\necho one\necho two\nEOF\nUSER 1\n",
    "RUN <<-EOF cat > /etc/x && echo done\n\tone\n\tEOF\nUSER 1\n",
    "RUN cat <<'A' <<\"B\" > /x\n$a\nA\nb\nB\nUSER 1\n",
    "COPY <<x.txt <<y.txt /dst/\none\nx.txt\ntwo\ny.txt\nUSER 1\n",
    "RUN cat <<< word\nRUN echo '<<EOF' \"<<EOF\" \\<<EOF\n",
    "RUN echo $((1<<2)) ${A:-<<EOF}\n",
    "RUN 3<<EOF cat\nEOF \nEOF\nUSER 1\n",
    "RUN <<EOF\nRUN inner\n# not a comment\n\nEOF\nUSER 1\n",
    "ONBUILD RUN echo later\nONBUILD COPY . /src\n",
    "RUN --mount=type=cache,target=/root/.cache --network=none go build\n",
    'RUN --mount=type=cache,target="/a b" -- x\n',
    'COPY --from=build --chown=1:2 ["/a b", "/c"]\n',
    'COPY [not json, x]\nCMD ["a" "b"]\n',
    'ENV A=1 B="two words" C=it\\ is\nENV OLD the rest\nLABEL a.b="c" d=e\n',
    'HEALTHCHECK --interval=5s --timeout=2s CMD ["/app", "health"]\nHEALTHCHECK NONE\n',
    "HEALTHCHECK CMD curl -f http://localhost/ || exit 1\n",
    'EXPOSE 8080 9090/udp\nVOLUME /data /logs\nVOLUME ["/x"]\nSTOPSIGNAL SIGINT\n',
    'SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nENTRYPOINT exec /app\n',
    "MAINTAINER A Person <a@example.com>\nUSER app:app\nWORKDIR  /srv/app  \n",
    'ARG A B=1 C\nARG D="x y"\n',
    "RUN echo no newline at the end",
    "RUN ends in a mark \\",
    "RUN ends in a mark \\\n",
    "RUN ends in marks \\\\\n",
    "\\\nRUN begins with a mark\n",
    "RUN a \\\n# comment\n# comment\n",
    "cmd lower\nCmd mixed\n",
    "RUN\ttab\tseparated\nRUN\u00a0not-a-separator\n",
    "RUN echo umlaut \u00e4 \u2028 line separator\n",
    "FROM scratch\nCOPY --from=0 /app /app\nFROM 1 AS last\n",
)  # fmt: skip


def corpus() -> list[str]:
    """Every opening with every body: 360 files, some of which BuildKit refuses."""
    return [opening + body for opening in OPENINGS for body in BODIES]
