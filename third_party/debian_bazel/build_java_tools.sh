#!/usr/bin/env bash
# Compiles the programs that Bazel's native java_* rules call, from the sources
# in Debian's package bazel-bootstrap-source. Usage: build_java_tools.sh SRC OUT
set -euo pipefail
export LC_ALL=C.UTF-8

src=$1
out=$2
jars=/usr/share/java
server=/usr/share/bazel/A-server.jar # Bazel itself: guava, protobuf-java, the worker protocol
java_tools=$src/src/java_tools
buildjar=$java_tools/buildjar/java/com/google/devtools/build/buildjar
work=$out/work
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/gen" "$out/java_tools"

protoc -I"$src" --java_out="$work/gen" src/main/protobuf/java_compilation.proto src/main/protobuf/desugar_deps.proto
mapfile -t messages < <(find "$work/gen" -name '*.java')

# deploy NAME MAIN_CLASS CLASSPATH RUNTIME_CLASSPATH PROCESSOR_OPTIONS SOURCES...
# RUNTIME_CLASSPATH is a URL for the jar's manifest, or empty.
deploy() {
  local name=$1 main=$2 classpath=$3 runtime=$4 processor=$5
  shift 5
  mkdir -p "$work/$name"
  # shellcheck disable=SC2086 # several options, or none
  javac -nowarn -Xlint:none -XDignore.symbol.file $processor -encoding UTF-8 -d "$work/$name" -cp "$classpath" "$@"
  printf 'Main-Class: %s\n' "$main" >"$work/$name.mf"
  [[ -z $runtime ]] || printf 'Class-Path: %s\n' "$runtime" >>"$work/$name.mf"
  jar -c -f "$out/java_tools/$name" -m "$work/$name.mf" -C "$work/$name" .
}

processors=
for jar in auto-value auto-common auto-service-annotations javapoet escapevelocity guava; do
  processors+=${processors:+:}$jars/$jar.jar
done

deploy VanillaJavaBuilder_deploy.jar com.google.devtools.build.buildjar.VanillaJavaBuilder "$server" "file://$server" \
  "-processor com.google.auto.value.processor.AutoValueProcessor -processorpath $processors" \
  "$buildjar"/{InvalidCommandLineException,JarOwner,OptionsParser,VanillaJavaBuilder}.java \
  "$buildjar"/javac/{JavacOptions,WerrorCustomOption}.java "$buildjar"/jarhelper/*.java "${messages[@]}"
deploy GenClass_deploy.jar com.google.devtools.build.buildjar.genclass.GenClass "$server" "file://$server" -proc:none \
  "$buildjar"/genclass/*.java "$buildjar"/InvalidCommandLineException.java "$buildjar"/jarhelper/*.java "${messages[@]}"
deploy bazel-singlejar_deploy.jar com.google.devtools.build.singlejar.SingleJar "$server" "file://$server" -proc:none \
  "$java_tools"/singlejar/java/com/google/devtools/build/{singlejar,zip}/*.java "${messages[@]}"

# The JUnit runner goes into the tests' class path, so JUnit, Hamcrest and
# javax.inject go into its jar.
runner_jars=(junit4 hamcrest atinject-jsr330-api)
runner_classpath=$server
mkdir -p "$work/Runner_deploy.jar"
for jar in "${runner_jars[@]}"; do
  runner_classpath+=:$jars/$jar.jar
  (cd "$work/Runner_deploy.jar" && jar -x -f "$jars/$jar.jar" && rm -rf META-INF)
done
mapfile -t runner < <(find "$java_tools/junitrunner/java/com/google/testing/junit" -name '*.java' -not -path '*/sharding/testing/*')
deploy Runner_deploy.jar com.google.testing.junit.runner.BazelTestRunner "$runner_classpath" "" -proc:none "${runner[@]}"

# Debian's ijar 4.2.3 crashes on some newer class files (error_prone_annotations
# 2.50 has one), so whole jars stand in for interface jars.
# shellcheck disable=SC2016 # the stand-in's own arguments
printf '#!/bin/sh\nexec cp -f "$1" "$2"\n' >"$out/java_tools/ijar"
chmod +x "$out/java_tools/ijar"
