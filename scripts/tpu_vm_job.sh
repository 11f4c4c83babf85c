#!/usr/bin/env bash
# Carry a run out on a Cloud TPU VM: make the VM, install, run, and begin again after a preemption until it is done.
set -euo pipefail

usage() {
    cat <<'TEXT'
Usage: scripts/tpu_vm_job.sh --zone ZONE --run-dir gs://BUCKET/RUN [options] CONFIG [-- MORE]

Makes a TPU VM, installs this checkout there, and gives
    python -m kerastune_ft run CONFIG --run-dir gs://BUCKET/RUN --set runtime.strategy=tpu MORE
When the VM is preempted, or the run ends with exit code 75 (interrupted), the same command is given again, on a new VM
where the old one is gone; the run goes on from its last checkpoint in the bucket. A lost connection does not end the
run: this script, also when it is started anew, follows the run that is under way. With exit code 0 the VM is deleted.
Any other code stops this script with that code and leaves the VM for a look.

CONFIG is a file of this machine, which is copied to the VM, or the name of a shipped configuration; a file that it
extends is not copied. Its data must be in a bucket too, or on the VM. Only types with one host (v5litepod-1 to -8,
v6e-1 to -8, v2-8, v3-8, v4-8) are served.

  --zone ZONE          the zone of the VM
  --run-dir URI        the run directory, in a bucket that the VM can write to
  --name NAME          of the VM and its request (kerastune-ft)
  --type TYPE          accelerator type (v5litepod-8)
  --version VERSION    software version of the VM (the one for TYPE: v2-alpha-tpuv5-lite, v2-alpha-tpuv6e, or, to v4,
                       tpu-ubuntu2204-base)
  --project PROJECT    the project, if not that of gcloud's configuration
  --spot               a Spot VM: cheaper, and preempted when others need it
  --queued             wait in the queue for capacity (queued-resources) instead of failing where there is none
  --poll SECONDS       between looks at a VM that is being made, and before another try (30)
  --tries N            how often in all the run is begun before giving up (100)
  --keep               do not delete the VM at the end
  --dry-run            print the commands of an uninterrupted job and do nothing
  -h, --help           this text
TEXT
}

fail() {
    echo "tpu_vm_job: $*" >&2
    exit 2
}

say() {
    echo "tpu_vm_job: $*" >&2
}

zone='' run_dir='' config='' project=''
name=kerastune-ft type=v5litepod-8 version=''
spot=false queued=false keep=false dry=false poll=30 tries=100
more=()

while (($#)); do
    case $1 in
    --zone | --run-dir | --name | --type | --version | --project | --poll | --tries)
        (($# > 1)) || fail "$1 needs a value; see --help"
        key=${1#--}
        printf -v "${key//-/_}" %s "$2"
        shift
        ;;
    --spot) spot=true ;;
    --queued) queued=true ;;
    --keep) keep=true ;;
    --dry-run) dry=true ;;
    -h | --help)
        usage
        exit 0
        ;;
    --)
        shift
        more=("$@")
        break
        ;;
    -*) fail "there is no option $1; see --help" ;;
    *)
        [[ -z $config ]] || fail "one CONFIG, not both $config and $1; what belongs to run goes after --"
        config=$1
        ;;
    esac
    shift
done

[[ -n $config ]] || fail "CONFIG is missing; see --help"
[[ -n $zone ]] || fail "--zone is missing, as in --zone us-west4-a"
[[ $run_dir == gs://?* ]] ||
    fail "--run-dir '$run_dir': a directory in a bucket (gs://...), since the VM's disk goes with the VM"
[[ $poll =~ ^[0-9]+$ ]] || fail "--poll '$poll': a number of seconds"
[[ $tries =~ ^[1-9][0-9]*$ ]] || fail "--tries '$tries': a number above 0"
if [[ -z $version ]]; then
    case $type in
    v5lite*) version=v2-alpha-tpuv5-lite ;;
    v6e*) version=v2-alpha-tpuv6e ;;
    v[234]-*) version=tpu-ubuntu2204-base ;;
    *) fail "--type '$type': its --version is not known here; give it" ;;
    esac
fi
$dry || command -v gcloud >/dev/null || fail "gcloud was not found; install the Google Cloud CLI and log in"

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
where=(--zone="$zone")
[[ -z $project ]] || where+=(--project="$project")

remote_config=$config
if [[ -f $config ]]; then
    remote_config=job/$(basename "$config")
elif [[ $config == */* || $config == *.json ]]; then
    fail "$config: there is no such file"
fi

# Show a command and carry it out; with --dry-run only show it.
act() {
    printf '+' >&2
    printf ' %q' "$@" >&2
    printf '\n' >&2
    $dry || "$@"
}

tpu() {
    gcloud compute tpus "$@" "${where[@]}"
}

# READY, CREATING, PREEMPTED, TERMINATED ...; GONE where there is no such VM.
state_of() {
    local answer
    if answer=$(tpu "$1" describe "$name" --format="value($2)" 2>&1); then
        echo "$answer"
    elif [[ $answer == *NOT_FOUND* || $answer == *"not found"* ]]; then
        echo GONE
    else
        say "gcloud could not tell the state: $answer"
        echo UNKNOWN
    fi
}

create() {
    local options=("${where[@]}" --accelerator-type="$type")
    if $spot; then options+=(--spot); fi
    if $queued; then
        options+=(--node-id="$name" --runtime-version="$version")
        act gcloud compute tpus queued-resources create "$name" "${options[@]}"
    else
        act gcloud compute tpus tpu-vm create "$name" --version="$version" "${options[@]}"
    fi
}

delete() {
    if $queued; then
        # With --force the VM goes too.
        act gcloud compute tpus queued-resources delete "$name" --force --quiet "${where[@]}"
    else
        act gcloud compute tpus tpu-vm delete "$name" --quiet "${where[@]}"
    fi
}

# Wait until the VM can be used; false where it will never be.
ready() {
    local state request asked=false
    while true; do
        state=$(state_of tpu-vm state)
        if [[ $state == UNKNOWN ]] && ! $asked; then
            fail "gcloud cannot be asked for $name, see above; give --project, or: gcloud auth login"
        fi
        asked=true
        case $state in
        READY) return 0 ;;
        PREEMPTED | TERMINATED | DELETING) return 1 ;;
        STOPPED | STOPPING) fail "the VM $name is $state; start it, delete it, or give another --name" ;;
        GONE)
            $queued || return 1
            request=$(state_of queued-resources state.state)
            case $request in
            GONE | FAILED | SUSPENDING | SUSPENDED | DELETING) return 1 ;;
            esac
            state="in the queue: $request"
            ;;
        esac
        say "$name is $state"
        sleep "$poll"
    done
}

on_vm() {
    act gcloud compute tpus tpu-vm ssh "$name" "${where[@]}" --command="$1"
}

# A command on the VM ends with its own code, and gcloud's failures with 1 or 255, so a code 1 of the VM is moved.
readonly INSTALL_FAILED=102 RUN_CODE_1=101
# On the VM: whether the run is under way.
# shellcheck disable=SC2016
readonly RUNNING='ps -o args= -p "$(cat job/pid 2>/dev/null || echo 0)" 2>/dev/null | grep -q kerastune_ft'

# The TPU's TensorFlow takes the place of the one that the dependencies ask for, whose files have the same names.
install() {
    act gcloud compute tpus tpu-vm scp --recurse "$wheels" "$name:" "${where[@]}" || return
    on_vm "$RUNNING && exit 0
(set -e
python3 -m pip install --quiet --user uv
test -d venv || python3 -m uv venv --quiet --seed --python 3.11 venv
venv/bin/python -m pip install --quiet \"\$(echo job/*.whl)[tpu]\"
venv/bin/python -m pip install --quiet --force-reinstall --no-deps job/*.whl 'tensorflow-tpu==2.20.*'
) || exit $INSTALL_FAILED"
}

# The run does not hang on the connection: it is begun once, and whoever connects follows its log to the end.
train() {
    local words
    printf -v words ' %q' "$remote_config" --run-dir "$run_dir" --set runtime.strategy=tpu ${more[@]+"${more[@]}"}
    words="venv/bin/python -m kerastune_ft run$words"
    on_vm "if ! $RUNNING; then
rm -f job/code
nohup sh -c $(printf %q "$words >job/log.txt 2>&1; echo \$? >job/code") >/dev/null 2>&1 &
echo \$! >job/pid
fi
touch job/log.txt
tail -n 1000 -f --pid=\"\$(cat job/pid)\" job/log.txt
code=\$(cat job/code)
test \"\$code\" != 1 || code=$RUN_CODE_1
exit \"\$code\""
}

exists() {
    [[ $(state_of tpu-vm state) != GONE ]] && return
    $queued && [[ $(state_of queued-resources state.state) != GONE ]]
}

vm() {
    if $dry; then
        create
        return
    fi
    if ready; then return; fi
    # What is left of a preempted VM keeps its name.
    if exists; then delete || return 255; fi
    if ! create; then
        ((try > 1)) || fail "the VM could not be made, see above; where capacity is lacking, --queued waits for it"
        return 255
    fi
    ready || return 255
}

attempt() {
    vm || return
    install || return
    train
}

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
wheels=$folder/job
mkdir "$wheels"
act python3 -m pip wheel --quiet --no-deps --wheel-dir "$wheels" "$here" ||
    fail "the wheel of this checkout could not be made"
if [[ -f $config ]]; then cp "$config" "$wheels"; fi

for ((try = 1; try <= tries; try++)); do
    code=0
    attempt || code=$?
    if ((code == 0)); then
        $keep || delete
        say "done: $run_dir"
        exit 0
    fi
    if ((code == 75)); then
        say "the run was interrupted; going on (begun $try times)"
    elif ((code == 1 || code == 255)) || [[ $(state_of tpu-vm state) != READY ]]; then
        say "the VM or the connection was lost; going on (begun $try times)"
    else
        if ((code == RUN_CODE_1)); then code=1; fi
        if ((code == INSTALL_FAILED)); then say "the packages could not be installed"; fi
        say "ended with exit code $code; the VM $name is left as it is. To delete it:"
        dry=true
        delete
        exit "$code"
    fi
    sleep "$poll"
done
say "given up after $tries times; $run_dir holds what is done, and the VM $name may still be there"
exit 75
