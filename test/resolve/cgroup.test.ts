import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Membership, parseCgroup } from '../../src/resolve/cgroup.ts';

const id = 'f13f9b6c0d7c9e8a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a';
const outer = 'aa3f9b6c0d7c9e8a5b4c3d2e1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f00';
const pod = '6e5f4a3b-2c1d-4e9f-8a7b-6c5d4e3f2a10';
const escaped = pod.replaceAll('-', '_');
const v1 = (path: string): string =>
  `12:memory:${path}\n11:cpuset:${path}\n4:cpu,cpuacct:${path}\n1:name=systemd:${path}\n`;
const v2 = (path: string): string => `0::${path}\n`;

const rows: readonly { readonly why: string; readonly text: string; readonly is: Partial<Membership> }[] = [
  {
    why: 'a service',
    text: v2('/system.slice/postgresql@15-main.service'),
    is: { unit: 'postgresql@15-main.service' },
  },
  {
    why: 'a service with a slice of its own, version 1',
    text: `9:memory:/system.slice/system-postgresql.slice/postgresql@15.service\n1:name=systemd:/system.slice/system-postgresql.slice/postgresql@15.service\n0::/\n`,
    is: { unit: 'postgresql@15.service' },
  },
  { why: 'a login', text: v2('/user.slice/user-1000.slice/session-3.scope'), is: { unit: 'session-3.scope' } },
  {
    why: 'a unit of a user',
    text: v2('/user.slice/user-1000.slice/user@1000.service/app.slice/backup.service'),
    is: { unit: 'backup.service' },
  },
  { why: 'a unit that was removed under it', text: v2('/system.slice/x.service (deleted)'), is: { unit: 'x.service' } },
  { why: 'no unit', text: v2('/'), is: {} },
  { why: 'a kernel without control groups', text: '', is: {} },
  {
    why: 'docker, systemd driver',
    text: v2(`/system.slice/docker-${id}.scope`),
    is: { unit: `docker-${id}.scope`, container: id },
  },
  { why: 'docker, cgroupfs driver', text: v2(`/docker/${id}`), is: { container: id } },
  {
    why: 'docker, cgroupfs driver, version 1 beside an unused version 2: containerd is not its unit',
    text: `${v1(`/docker/${id}`)}0::/system.slice/containerd.service\n`,
    is: { container: id },
  },
  {
    why: 'a service inside of a docker container that runs systemd',
    text: v2(`/system.slice/docker-${id}.scope/system.slice/nginx.service`),
    is: { unit: 'nginx.service', container: id },
  },
  {
    why: 'podman as root',
    text: v2(`/machine.slice/libpod-${id}.scope/container`),
    is: { unit: `libpod-${id}.scope`, container: id },
  },
  {
    why: 'podman without root',
    text: v2(`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${id}.scope/container`),
    is: { unit: `libpod-${id}.scope`, container: id },
  },
  { why: 'podman, cgroupfs driver', text: v2(`/libpod_parent/libpod-${id}`), is: { container: id } },
  {
    why: 'a pod of podman',
    text: v2(`/machine.slice/machine-libpod_pod_${outer}.slice/libpod-${id}.scope/container`),
    is: { unit: `libpod-${id}.scope`, container: id, pod: outer },
  },
  {
    why: "podman's monitor, which is not in the container",
    text: v2(`/machine.slice/libpod-conmon-${id}.scope`),
    is: { unit: `libpod-conmon-${id}.scope` },
  },
  {
    why: 'nerdctl',
    text: v2(`/system.slice/nerdctl-${id}.scope`),
    is: { unit: `nerdctl-${id}.scope`, container: id },
  },
  { why: 'containerd, cgroupfs driver', text: v1(`/default/${id}`), is: { container: id } },
  {
    why: 'kubelet and containerd, systemd driver',
    text: v2(
      `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${escaped}.slice/cri-containerd-${id}.scope`,
    ),
    is: { unit: `cri-containerd-${id}.scope`, container: id, pod },
  },
  {
    why: 'a guaranteed pod, cri-o, crun',
    text: v2(`/kubepods.slice/kubepods-pod${escaped}.slice/crio-${id}.scope/container`),
    is: { unit: `crio-${id}.scope`, container: id, pod },
  },
  {
    why: "cri-o's monitor, which belongs to the pod only",
    text: v2(`/kubepods.slice/kubepods-pod${escaped}.slice/crio-conmon-${id}.scope`),
    is: { unit: `crio-conmon-${id}.scope`, pod },
  },
  {
    why: 'kubelet, cgroupfs driver, version 1',
    text: v1(`/kubepods/besteffort/pod${pod}/${id}`),
    is: { container: id, pod },
  },
  { why: 'cri-o, cgroupfs driver', text: v1(`/kubepods/burstable/pod${pod}/crio-${id}`), is: { container: id, pod } },
  {
    why: 'a static pod, whose uid has no dashes',
    text: v1('/kubepods/burstable/pod0123456789abcdef0123456789abcdef/'.concat(id)),
    is: { container: id, pod: '0123456789abcdef0123456789abcdef' },
  },
  {
    why: 'kubelet with the systemd driver over containerd with the other',
    text: v1(`/system.slice/containerd.service/kubepods-burstable-pod${escaped}.slice:cri-containerd:${id}`),
    is: { unit: 'containerd.service', container: id, pod },
  },
  {
    why: 'Kubernetes in docker: the inner container counts',
    text: v2(
      `/system.slice/docker-${outer}.scope/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod${escaped}.slice/cri-containerd-${id}.scope`,
    ),
    is: { unit: `cri-containerd-${id}.scope`, container: id, pod },
  },
  { why: 'LXC', text: v2('/lxc.payload.web01/init.scope'), is: { unit: 'init.scope', container: 'web01' } },
  {
    why: 'a service in LXD',
    text: v2('/lxc.payload.shop_db/system.slice/mariadb.service'),
    is: { unit: 'mariadb.service', container: 'shop_db' },
  },
  { why: 'LXC of old, version 1', text: v1('/lxc/web01'), is: { container: 'web01' } },
  { why: 'Proxmox', text: v2('/lxc/101/ns/init.scope'), is: { unit: 'init.scope', container: '101' } },
  { why: "LXC's monitor", text: v2('/lxc.monitor.web01'), is: {} },
  { why: 'a task of ECS', text: v1(`/ecs/0123456789abcdef0123456789abcdef/${id}`), is: { container: id } },
  {
    why: 'a view from within another control group namespace',
    text: v2(`/../../kubepods-burstable-pod${escaped}.slice/cri-containerd-${id}.scope`),
    is: { unit: `cri-containerd-${id}.scope`, container: id, pod },
  },
];
for (const { why, text, is } of rows) {
  test(`the control group tells where a process belongs: ${why}`, () => {
    const expected = { unit: null, container: null, pod: null, ...is };
    assert.deepEqual(parseCgroup(text), expected);
  });
}
