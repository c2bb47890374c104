// Made from /openapi.json by openapi-typescript (`npm run golden`). Do not edit.

export interface paths {
    "/api/v1/badblocks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Bad ranges with their owners
         * @description Without a token of scope read, over TCP, owners come without paths.
         */
        get: operations["listBadRanges"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/incidents/{id}/acknowledge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take an incident on: only growth and the end are told from now on
         * @description Over TCP this needs a token of scope operate.
         */
        post: operations["acknowledgeIncident"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/incidents/{id}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * End an incident; refused while a reading of this run shows what it is about
         * @description Over TCP this needs a token of scope operate.
         */
        post: operations["closeIncident"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * What was told to whom, the newest first
         * @description Without a token of scope read, over TCP, without reasons: receivers may repeat file names in them.
         */
        get: operations["listDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/deliveries/{id}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a delivery again that has ended, under the id of its message
         * @description Over TCP this needs a token of scope operate. The receiver's filters do not hold it back. 409 while it waits to be sent anyway.
         */
        post: operations["replayDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/receivers/{name}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send the dead letters of a receiver again, the oldest first
         * @description Over TCP this needs a token of scope operate. At most 500 at once: ask again until it answers 0.
         */
        post: operations["replayDeadLetters"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/devices": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Namespaces and regions whose bad ranges are tracked */
        get: operations["listDevices"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dimms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Memory modules and their health
         * @description After a 304, ages go on from `readAt`.
         */
        get: operations["listDimms"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/dimms/{dimm}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One memory module with everything that it says of its health */
        get: operations["getDimm"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events/stream": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The history as it grows (server-sent events), and the progress of scrubs
         * @description With `Last-Event-ID`, or `after`, what came since comes first; without, only what comes from now on. `scrub.progress` has no id: it is no part of the history. Nor has `history.forgotten`, which comes first where events after the given one are gone, by the retention or with the state file: look at the state itself then. Without a token of scope read, over TCP, events come without data.
         */
        get: operations["streamEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * The append-only history, oldest first
         * @description Without a token of scope read, over TCP, events come without data, which can hold file names. `complete` is false where events after `after` are gone: older than the retention, or of a state file before this one.
         */
        get: operations["listEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/files/check": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Which bytes of these files are damaged: the document of `pmemwatch check --json`
         * @description Only what is mounted from watched devices is looked at, and no symbolic link is followed; nothing of a file is read. Ends after 60 s or `limit` files with `complete` false. 503 with `Retry-After` while too many ask; whoever ends the connection ends the search. Over TCP this needs a token of scope read.
         */
        get: operations["checkFiles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/files": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Damaged files
         * @description Over TCP this needs a token of scope read.
         */
        get: operations["listDamagedFiles"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/-/healthy": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Answers as long as the process does */
        get: operations["isHealthy"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/-/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether the first full inventory is done and the store is writable */
        get: operations["isReady"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/incidents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Open incidents, and those resolved within the retention
         * @description Without a token of scope read, over TCP, owners come without paths.
         */
        get: operations["listIncidents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/incidents/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One incident, and what to do */
        get: operations["getIncident"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Metrics for Prometheus
         * @description Text format 0.0.4, or OpenMetrics 1.0 where Accept prefers it.
         */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This API as an OpenAPI 3.1 document */
        get: operations["getOpenApi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/receivers/{name}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a test message (`pmem.test`) to a receiver at once, and say what came of it
         * @description Over TCP this needs a token of scope operate. Answers when the receiver has, within its timeout; nothing is tried again.
         */
        post: operations["testReceiver"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/-/reload": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Load the configuration again
         * @description Over TCP this needs a token of scope operate.
         */
        post: operations["reload"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Who owns these sectors: the document of `pmemwatch resolve --json`
         * @description At most 1000 ranges and 32768 sectors. Looks at the file systems themselves, within 60 s: what is known by then is answered with `complete` false. 503 with `Retry-After` while too many ask; whoever ends the connection ends the search. Over TCP this needs a token of scope read.
         */
        post: operations["resolve"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/scrubs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Scrubs (address range scrubs) of each bus, and what they have found */
        get: operations["listScrubs"];
        put?: never;
        /**
         * Ask for a scrub of one bus or of all; it runs for minutes to hours
         * @description Over TCP this needs a token of scope operate. 409 while one runs, 501 where the bus cannot.
         */
        post: operations["startScrub"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/scrubs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One scrub */
        get: operations["getScrub"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/topology": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Buses, modules, regions, namespaces, and the block devices and mounts above them */
        get: operations["getTopology"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: never;
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listBadRanges: {
        parameters: {
            query?: {
                device?: string;
                /** @description `next` of the page before */
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** @description empty for a range outside any block device */
                            device: string;
                            ndNamespace: string;
                            ndRegion: string;
                            bus: string;
                            /** @description as in the metrics */
                            uid: string;
                            /** @description false when the place is gone and this is what was known last */
                            present: boolean;
                            bytes: number;
                            /**
                             * @description whether `start` counts from sector 0 of `device` or from the start of the namespace or region
                             * @enum {unknown}
                             */
                            on: "device" | "place";
                            /** @description sector of 512 bytes */
                            start: number;
                            /** @description sectors of 512 bytes */
                            count: number;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            firstSeen: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            lastSeen: string;
                            foundBy: string;
                            unconfirmed: string | null;
                            ownersComplete: boolean;
                            ownersAt: string | null;
                            owners: {
                                /** @enum {unknown} */
                                kind: "file" | "directory" | "symlink" | "metadata" | "free" | "unreferenced" | "deleted" | "raw" | "hidden" | "pending" | "unknown";
                                device: string;
                                /** @description sector of 512 bytes on `device` */
                                start: number;
                                count: number;
                                layers?: {
                                    device: string;
                                    /** @description what people call it: a volume, the file behind a loop device */
                                    name?: string;
                                    kind: string;
                                    start: number;
                                    count: number;
                                }[];
                                fsType?: string;
                                mountpoint?: string;
                                /** @description decimal */
                                inode?: string;
                                /** @description btrfs: the subvolume that the inode number belongs to */
                                subvolume?: string;
                                /** @description bytes from the start of the file */
                                offset?: number;
                                /** @description bytes */
                                length?: number;
                                /** @enum {unknown} */
                                state?: "data" | "unwritten";
                                shared?: boolean;
                                /** @description compressed or encrypted: any of its sectors spoils all of `length` */
                                packed?: boolean;
                                dax?: boolean;
                                paths?: string[];
                                pathsBase64?: string[];
                                pathsComplete?: boolean;
                                /** @description there are names, which a token of scope read shows */
                                pathsRedacted?: boolean;
                                linkCount?: number;
                                openBy?: {
                                    pid: number;
                                    command: string;
                                    mapped: boolean;
                                    /** @description it maps a page that holds a damaged byte */
                                    mapsDamaged: boolean;
                                    unit: string | null;
                                    container: string | null;
                                    pod: string | null;
                                }[];
                                /** @description how many there are, where `openBy` holds only the first */
                                openByCount?: number;
                                /** @description false: processes may be missing from `openBy`, for `openByReason` */
                                openByComplete?: boolean;
                                openByReason?: string;
                                /** @description parts of the kernel that use it */
                                kernelUsers?: {
                                    /** @enum {unknown} */
                                    kind: "swap" | "loop";
                                    /** @description the swap area, or the loop device */
                                    name: string;
                                }[];
                                /** @description what programs get that touch the damaged bytes */
                                readersGet?: {
                                    /**
                                     * @description of read(2)
                                     * @enum {unknown}
                                     */
                                    read: "EIO" | "data" | "zeros" | "unsupported";
                                    /**
                                     * @description of an access to memory that maps it
                                     * @enum {unknown}
                                     */
                                    mapped: "SIGBUS" | "data" | "zeros";
                                    from: ("page cache" | "good copy") | null;
                                    why: string | null;
                                };
                                /** @description names through other mounts: of this host, or (`mountNamespace`) as some of its processes see it */
                                otherPaths?: {
                                    path: string;
                                    pathBase64: string;
                                    mountNamespace: {
                                        /** @description a process in it */
                                        pid: number;
                                        command?: string;
                                        unit?: string | null;
                                        container?: string | null;
                                        pod?: string | null;
                                    } | null;
                                }[];
                                mountNamespace?: {
                                    /** @description a process in it */
                                    pid: number;
                                    command?: string;
                                    unit?: string | null;
                                    container?: string | null;
                                    pod?: string | null;
                                };
                                /** @description of a deleted file: its name when it was last opened */
                                formerPath?: string;
                                goodCopy?: {
                                    /** @enum {unknown} */
                                    exists: "yes" | "no" | "unknown";
                                    where: string | null;
                                };
                                metadata?: string;
                                reason?: string;
                            }[];
                        }[];
                        next: string | null;
                        /** @description false when something may be missing: never read it as clean then */
                        complete: boolean;
                        readAt: string | null;
                    };
                };
            };
            /** @description Nothing has changed since the answer with this `ETag`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    acknowledgeIncident: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "author": "ada",
                 *       "reason": "restoring from the replica",
                 *       "expiresAt": "2030-01-31T08:00:00Z"
                 *     }
                 */
                "application/json": {
                    /** @description who asks; how they are let in unless given */
                    author?: string;
                    reason?: string;
                    /** @description RFC 3339: until then only growth and the end are told; unless given, until it ends */
                    expiresAt?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        fingerprint: string;
                        ordinal: number;
                        condition: string;
                        /** @enum {unknown} */
                        severity: "critical" | "warning" | "info";
                        /** @enum {unknown} */
                        status: "open" | "resolved";
                        revision: number;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        openedAt: string;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        updatedAt: string;
                        resolvedAt: string | null;
                        resolution: string | null;
                        foundBy: string;
                        detail: string;
                        complete: boolean;
                        device: {
                            name: string;
                            ndNamespace: string;
                            ndRegion: string;
                            bus: string;
                            uuid: string | null;
                            uid: string;
                            dimms: {
                                id: string;
                                name: string;
                                serial: string | null;
                                locator: string | null;
                                partNumber: string | null;
                            }[];
                        };
                        totals: {
                            ranges: number;
                            bytes: number;
                            files: number;
                        };
                        ranges: {
                            /**
                             * @description whether `start` counts from sector 0 of `device` or from the start of the namespace or region
                             * @enum {unknown}
                             */
                            on: "device" | "place";
                            /** @description sector of 512 bytes */
                            start: number;
                            /** @description sectors of 512 bytes */
                            count: number;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            firstSeen: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            lastSeen: string;
                            foundBy: string;
                            unconfirmed: string | null;
                            ownersComplete: boolean;
                            ownersAt: string | null;
                            owners: {
                                /** @enum {unknown} */
                                kind: "file" | "directory" | "symlink" | "metadata" | "free" | "unreferenced" | "deleted" | "raw" | "hidden" | "pending" | "unknown";
                                device: string;
                                /** @description sector of 512 bytes on `device` */
                                start: number;
                                count: number;
                                layers?: {
                                    device: string;
                                    /** @description what people call it: a volume, the file behind a loop device */
                                    name?: string;
                                    kind: string;
                                    start: number;
                                    count: number;
                                }[];
                                fsType?: string;
                                mountpoint?: string;
                                /** @description decimal */
                                inode?: string;
                                /** @description btrfs: the subvolume that the inode number belongs to */
                                subvolume?: string;
                                /** @description bytes from the start of the file */
                                offset?: number;
                                /** @description bytes */
                                length?: number;
                                /** @enum {unknown} */
                                state?: "data" | "unwritten";
                                shared?: boolean;
                                /** @description compressed or encrypted: any of its sectors spoils all of `length` */
                                packed?: boolean;
                                dax?: boolean;
                                paths?: string[];
                                pathsBase64?: string[];
                                pathsComplete?: boolean;
                                /** @description there are names, which a token of scope read shows */
                                pathsRedacted?: boolean;
                                linkCount?: number;
                                openBy?: {
                                    pid: number;
                                    command: string;
                                    mapped: boolean;
                                    /** @description it maps a page that holds a damaged byte */
                                    mapsDamaged: boolean;
                                    unit: string | null;
                                    container: string | null;
                                    pod: string | null;
                                }[];
                                /** @description how many there are, where `openBy` holds only the first */
                                openByCount?: number;
                                /** @description false: processes may be missing from `openBy`, for `openByReason` */
                                openByComplete?: boolean;
                                openByReason?: string;
                                /** @description parts of the kernel that use it */
                                kernelUsers?: {
                                    /** @enum {unknown} */
                                    kind: "swap" | "loop";
                                    /** @description the swap area, or the loop device */
                                    name: string;
                                }[];
                                /** @description what programs get that touch the damaged bytes */
                                readersGet?: {
                                    /**
                                     * @description of read(2)
                                     * @enum {unknown}
                                     */
                                    read: "EIO" | "data" | "zeros" | "unsupported";
                                    /**
                                     * @description of an access to memory that maps it
                                     * @enum {unknown}
                                     */
                                    mapped: "SIGBUS" | "data" | "zeros";
                                    from: ("page cache" | "good copy") | null;
                                    why: string | null;
                                };
                                /** @description names through other mounts: of this host, or (`mountNamespace`) as some of its processes see it */
                                otherPaths?: {
                                    path: string;
                                    pathBase64: string;
                                    mountNamespace: {
                                        /** @description a process in it */
                                        pid: number;
                                        command?: string;
                                        unit?: string | null;
                                        container?: string | null;
                                        pod?: string | null;
                                    } | null;
                                }[];
                                mountNamespace?: {
                                    /** @description a process in it */
                                    pid: number;
                                    command?: string;
                                    unit?: string | null;
                                    container?: string | null;
                                    pod?: string | null;
                                };
                                /** @description of a deleted file: its name when it was last opened */
                                formerPath?: string;
                                goodCopy?: {
                                    /** @enum {unknown} */
                                    exists: "yes" | "no" | "unknown";
                                    where: string | null;
                                };
                                metadata?: string;
                                reason?: string;
                            }[];
                        }[];
                        /** @description how many more it has: the list tells 20 of each incident, /incidents/{id} every one */
                        rangesOmitted: number;
                        acknowledgement: {
                            author: string;
                            reason: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            at: string;
                            expiresAt: string | null;
                        } | null;
                        previousIncident: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    closeIncident: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "author": "ada",
                 *       "reason": "the module was replaced"
                 *     }
                 */
                "application/json": {
                    /** @description who asks; how they are let in unless given */
                    author?: string;
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        fingerprint: string;
                        ordinal: number;
                        condition: string;
                        /** @enum {unknown} */
                        severity: "critical" | "warning" | "info";
                        /** @enum {unknown} */
                        status: "open" | "resolved";
                        revision: number;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        openedAt: string;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        updatedAt: string;
                        resolvedAt: string | null;
                        resolution: string | null;
                        foundBy: string;
                        detail: string;
                        complete: boolean;
                        device: {
                            name: string;
                            ndNamespace: string;
                            ndRegion: string;
                            bus: string;
                            uuid: string | null;
                            uid: string;
                            dimms: {
                                id: string;
                                name: string;
                                serial: string | null;
                                locator: string | null;
                                partNumber: string | null;
                            }[];
                        };
                        totals: {
                            ranges: number;
                            bytes: number;
                            files: number;
                        };
                        ranges: {
                            /**
                             * @description whether `start` counts from sector 0 of `device` or from the start of the namespace or region
                             * @enum {unknown}
                             */
                            on: "device" | "place";
                            /** @description sector of 512 bytes */
                            start: number;
                            /** @description sectors of 512 bytes */
                            count: number;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            firstSeen: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            lastSeen: string;
                            foundBy: string;
                            unconfirmed: string | null;
                            ownersComplete: boolean;
                            ownersAt: string | null;
                            owners: {
                                /** @enum {unknown} */
                                kind: "file" | "directory" | "symlink" | "metadata" | "free" | "unreferenced" | "deleted" | "raw" | "hidden" | "pending" | "unknown";
                                device: string;
                                /** @description sector of 512 bytes on `device` */
                                start: number;
                                count: number;
                                layers?: {
                                    device: string;
                                    /** @description what people call it: a volume, the file behind a loop device */
                                    name?: string;
                                    kind: string;
                                    start: number;
                                    count: number;
                                }[];
                                fsType?: string;
                                mountpoint?: string;
                                /** @description decimal */
                                inode?: string;
                                /** @description btrfs: the subvolume that the inode number belongs to */
                                subvolume?: string;
                                /** @description bytes from the start of the file */
                                offset?: number;
                                /** @description bytes */
                                length?: number;
                                /** @enum {unknown} */
                                state?: "data" | "unwritten";
                                shared?: boolean;
                                /** @description compressed or encrypted: any of its sectors spoils all of `length` */
                                packed?: boolean;
                                dax?: boolean;
                                paths?: string[];
                                pathsBase64?: string[];
                                pathsComplete?: boolean;
                                /** @description there are names, which a token of scope read shows */
                                pathsRedacted?: boolean;
                                linkCount?: number;
                                openBy?: {
                                    pid: number;
                                    command: string;
                                    mapped: boolean;
                                    /** @description it maps a page that holds a damaged byte */
                                    mapsDamaged: boolean;
                                    unit: string | null;
                                    container: string | null;
                                    pod: string | null;
                                }[];
                                /** @description how many there are, where `openBy` holds only the first */
                                openByCount?: number;
                                /** @description false: processes may be missing from `openBy`, for `openByReason` */
                                openByComplete?: boolean;
                                openByReason?: string;
                                /** @description parts of the kernel that use it */
                                kernelUsers?: {
                                    /** @enum {unknown} */
                                    kind: "swap" | "loop";
                                    /** @description the swap area, or the loop device */
                                    name: string;
                                }[];
                                /** @description what programs get that touch the damaged bytes */
                                readersGet?: {
                                    /**
                                     * @description of read(2)
                                     * @enum {unknown}
                                     */
                                    read: "EIO" | "data" | "zeros" | "unsupported";
                                    /**
                                     * @description of an access to memory that maps it
                                     * @enum {unknown}
                                     */
                                    mapped: "SIGBUS" | "data" | "zeros";
                                    from: ("page cache" | "good copy") | null;
                                    why: string | null;
                                };
                                /** @description names through other mounts: of this host, or (`mountNamespace`) as some of its processes see it */
                                otherPaths?: {
                                    path: string;
                                    pathBase64: string;
                                    mountNamespace: {
                                        /** @description a process in it */
                                        pid: number;
                                        command?: string;
                                        unit?: string | null;
                                        container?: string | null;
                                        pod?: string | null;
                                    } | null;
                                }[];
                                mountNamespace?: {
                                    /** @description a process in it */
                                    pid: number;
                                    command?: string;
                                    unit?: string | null;
                                    container?: string | null;
                                    pod?: string | null;
                                };
                                /** @description of a deleted file: its name when it was last opened */
                                formerPath?: string;
                                goodCopy?: {
                                    /** @enum {unknown} */
                                    exists: "yes" | "no" | "unknown";
                                    where: string | null;
                                };
                                metadata?: string;
                                reason?: string;
                            }[];
                        }[];
                        /** @description how many more it has: the list tells 20 of each incident, /incidents/{id} every one */
                        rangesOmitted: number;
                        acknowledgement: {
                            author: string;
                            reason: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            at: string;
                            expiresAt: string | null;
                        } | null;
                        previousIncident: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    listDeliveries: {
        parameters: {
            query?: {
                receiver?: string;
                incident?: string;
                /** @description dead: rejected or expired */
                status?: "pending" | "delivered" | "rejected" | "expired" | "filtered" | "merged" | "dead";
                /** @description `next` of the page before */
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** @description names it in this API; the newest is the highest */
                            id: string;
                            receiver: string;
                            /** @description id of the message, as the receiver gets it: no retry and no replay changes it */
                            message: string;
                            /** @description such as pmem.incident.opened */
                            type: string;
                            incident: string;
                            condition: string;
                            severity: string;
                            /**
                             * @description rejected (the receiver refused it) and expired (tried for as long as is configured) are dead letters; filtered: the receiver does not want such, or there was nothing to say when its turn came; merged: told with a later message
                             * @enum {unknown}
                             */
                            status: "pending" | "delivered" | "rejected" | "expired" | "filtered" | "merged";
                            /** @description since it was last asked for */
                            attempts: number;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            createdAt: string;
                            firstAttemptAt: string | null;
                            lastAttemptAt: string | null;
                            finishedAt: string | null;
                            replayedAt: string | null;
                            reason: string | null;
                            mergedInto: string | null;
                        }[];
                        next: string | null;
                        /** @description false when something may be missing: never read it as clean then */
                        complete: boolean;
                        readAt: string | null;
                    };
                };
            };
            /** @description Nothing has changed since the answer with this `ETag`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    replayDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "author": "ada",
                 *       "reason": "the receiver is back"
                 *     }
                 */
                "application/json": {
                    /** @description who asks; how they are let in unless given */
                    author?: string;
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description how many wait to be sent now */
                        replayed: number;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    replayDeadLetters: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "author": "ada",
                 *       "reason": "the receiver is back"
                 *     }
                 */
                "application/json": {
                    /** @description who asks; how they are let in unless given */
                    author?: string;
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description how many wait to be sent now */
                        replayed: number;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    listDevices: {
        parameters: {
            query?: {
                /** @description `next` of the page before */
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** @description kernel name now; empty where there is no block device */
                            device: string;
                            /** @enum {unknown} */
                            kind: "namespace" | "region";
                            ndNamespace: string;
                            ndRegion: string;
                            bus: string;
                            mode: string | null;
                            uuid: string | null;
                            /** @description physical identity, as in the metrics */
                            uid: string;
                            sizeBytes: number;
                            dimms: string[];
                            /** @enum {unknown} */
                            errorSource: "ars" | "mce" | "papr" | "none";
                            /** @description false when nothing feeds its bad-block list: an empty list proves nothing */
                            monitored: boolean;
                            present: boolean;
                            goneSince: string | null;
                            readable: boolean;
                            /** @description false when the list may miss bad sectors */
                            complete: boolean;
                            reasons: string[];
                            readAt: string | null;
                            badRanges: number | null;
                            badBytes: number | null;
                            damagedFiles: number | null;
                            foundTotal: number;
                            clearedTotal: number;
                        }[];
                        next: string | null;
                        /** @description false when something may be missing: never read it as clean then */
                        complete: boolean;
                        readAt: string | null;
                    };
                };
            };
            /** @description Nothing has changed since the answer with this `ETag`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    listDimms: {
        parameters: {
            query?: {
                /** @description `next` of the page before */
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** @description the label of its series: stays with the module */
                            dimm: string;
                            /** @description kernel name now */
                            name: string;
                            bus: string;
                            id?: string;
                            handle?: number;
                            physicalId?: number;
                            serial?: string;
                            vendor?: string;
                            family?: string;
                            /** @description slot, from SMBIOS */
                            locator?: string;
                            partNumber?: string;
                            flags: string[];
                            health: {
                                /** @description `unknown` when the module says nothing or cannot be read */
                                state: "ok" | "noncritical" | "critical" | "fatal" | "unknown";
                                readable: "yes" | "no" | "unsupported";
                                reason: string | null;
                                /**
                                 * Format: date-time
                                 * @description RFC 3339, UTC
                                 */
                                readAt: string;
                                /** @description seconds since `readAt` */
                                ageSeconds: number;
                                lastReadAt: string | null;
                                /** @description alarms that are on while value and threshold say otherwise */
                                doubtedAlarms: string[];
                                failures: {
                                    source: string;
                                    reason: string;
                                }[];
                                /** @description everything that is known; what is absent is not known */
                                fields: {
                                    name: string;
                                    /** @description a number, a text, true or false, a list of words, or words with values */
                                    value: unknown;
                                    /** @description celsius, percent, seconds, count, hexadecimal, or empty */
                                    unit: string;
                                    /** @description method of the module (`intel 1 SMART`) or attribute of the kernel; several where it is put together */
                                    source: string;
                                    /**
                                     * Format: date-time
                                     * @description RFC 3339, UTC
                                     */
                                    readAt: string;
                                    /** @description seconds since `readAt` */
                                    ageSeconds: number;
                                }[];
                            } | null;
                            advice: {
                                advice: ("ok" | "watch" | "plan" | "now") | null;
                                /** @description the advice with what it rests on */
                                summary: string;
                                /** @description everything that was looked at; advice is null where it is not known */
                                inputs: {
                                    input: string;
                                    advice: ("ok" | "watch" | "plan" | "now") | null;
                                    /** @description with value and limit */
                                    text: string;
                                }[];
                            } | null;
                        }[];
                        next: string | null;
                        /** @description false when something may be missing: never read it as clean then */
                        complete: boolean;
                        readAt: string | null;
                    };
                };
            };
            /** @description Nothing has changed since the answer with this `ETag`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    getDimm: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description as in the list, or its kernel name */
                dimm: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description `health` and `advice` are null before the first reading */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description the label of its series: stays with the module */
                        dimm: string;
                        /** @description kernel name now */
                        name: string;
                        bus: string;
                        id?: string;
                        handle?: number;
                        physicalId?: number;
                        serial?: string;
                        vendor?: string;
                        family?: string;
                        /** @description slot, from SMBIOS */
                        locator?: string;
                        partNumber?: string;
                        flags: string[];
                        health: {
                            /** @description `unknown` when the module says nothing or cannot be read */
                            state: "ok" | "noncritical" | "critical" | "fatal" | "unknown";
                            readable: "yes" | "no" | "unsupported";
                            reason: string | null;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            readAt: string;
                            /** @description seconds since `readAt` */
                            ageSeconds: number;
                            lastReadAt: string | null;
                            /** @description alarms that are on while value and threshold say otherwise */
                            doubtedAlarms: string[];
                            failures: {
                                source: string;
                                reason: string;
                            }[];
                            /** @description everything that is known; what is absent is not known */
                            fields: {
                                name: string;
                                /** @description a number, a text, true or false, a list of words, or words with values */
                                value: unknown;
                                /** @description celsius, percent, seconds, count, hexadecimal, or empty */
                                unit: string;
                                /** @description method of the module (`intel 1 SMART`) or attribute of the kernel; several where it is put together */
                                source: string;
                                /**
                                 * Format: date-time
                                 * @description RFC 3339, UTC
                                 */
                                readAt: string;
                                /** @description seconds since `readAt` */
                                ageSeconds: number;
                            }[];
                        } | null;
                        advice: {
                            advice: ("ok" | "watch" | "plan" | "now") | null;
                            /** @description the advice with what it rests on */
                            summary: string;
                            /** @description everything that was looked at; advice is null where it is not known */
                            inputs: {
                                input: string;
                                advice: ("ok" | "watch" | "plan" | "now") | null;
                                /** @description with value and limit */
                                text: string;
                            }[];
                        } | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    streamEvents: {
        parameters: {
            query?: {
                /** @description as `Last-Event-ID`, which wins */
                after?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": string;
                };
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    listEvents: {
        parameters: {
            query?: {
                /** @description id of the last event known */
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** @description rises with time */
                            id: number;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            time: string;
                            /** @description such as range.found, incident.opened */
                            type: string;
                            incident: string | null;
                            uid: string | null;
                            device: string | null;
                            /** @description `runs` are sectors of 512 bytes on their `device`; where that is empty, of the namespace or region itself */
                            data: {
                                [key: string]: unknown;
                            };
                            /** @description there is data, which a token of scope read shows */
                            dataRedacted?: boolean;
                        }[];
                        next: string | null;
                        /** @description false when something may be missing: never read it as clean then */
                        complete: boolean;
                        readAt: string | null;
                    };
                };
            };
            /** @description Nothing has changed since the answer with this `ETag`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    checkFiles: {
        parameters: {
            query: {
                /**
                 * @description absolute; a directory stands for everything below it; may be given up to 16 times
                 * @example [
                 *       "/pg/base/16402"
                 *     ]
                 */
                path: string[];
                /** @description false: without files that are whole and have no damage */
                clean?: boolean;
                /** @description most files in the answer */
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description false when files or damage may be missing: never read it as clean then */
                        complete: boolean;
                        reason: string | null;
                        /** @description files looked at, told or not */
                        looked: number;
                        files: {
                            path: string;
                            pathBase64: string;
                            /** @description false when damage of it may be missing: see `reason` */
                            complete: boolean;
                            reason: string | null;
                            ranges: {
                                /** @description bytes from the start of the file */
                                offset: number;
                                /** @description bytes */
                                length: number;
                                device: string;
                                /** @description sector of 512 bytes on `device` */
                                start: number;
                                count: number;
                                goodCopy?: {
                                    /** @enum {unknown} */
                                    exists: "yes" | "no" | "unknown";
                                    where: string | null;
                                };
                            }[];
                        }[];
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    listDamagedFiles: {
        parameters: {
            query?: {
                device?: string;
                mountpoint?: string;
                /** @description `next` of the page before */
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            /** @description its first name; `inode N` where none is known */
                            path: string;
                            paths: string[];
                            pathsBase64: string[];
                            pathsComplete: boolean;
                            linkCount?: number;
                            inode?: string;
                            /** @description btrfs: the subvolume that the inode number belongs to */
                            subvolume?: string;
                            mountpoint: string;
                            fsType?: string;
                            device: string;
                            uid: string;
                            /** @description bytes of its storage that are bad */
                            bytes: number;
                            ranges: {
                                /** @description bytes from the start of the file */
                                offset?: number;
                                /** @description bytes */
                                length?: number;
                                /** @enum {unknown} */
                                state?: "data" | "unwritten";
                                device: string;
                                /** @description sector of 512 bytes on `device` */
                                start: number;
                                count: number;
                            }[];
                            openBy: {
                                pid: number;
                                command: string;
                                mapped: boolean;
                                /** @description it maps a page that holds a damaged byte */
                                mapsDamaged: boolean;
                                unit: string | null;
                                container: string | null;
                                pod: string | null;
                            }[];
                            /** @description how many there are, where `openBy` holds only the first */
                            openByCount?: number;
                            /** @description false: processes may be missing from `openBy`, for `openByReason` */
                            openByComplete?: boolean;
                            openByReason?: string;
                            /** @description parts of the kernel that use it */
                            kernelUsers?: {
                                /** @enum {unknown} */
                                kind: "swap" | "loop";
                                /** @description the swap area, or the loop device */
                                name: string;
                            }[];
                            /** @description what programs get that touch the damaged bytes */
                            readersGet?: {
                                /**
                                 * @description of read(2)
                                 * @enum {unknown}
                                 */
                                read: "EIO" | "data" | "zeros" | "unsupported";
                                /**
                                 * @description of an access to memory that maps it
                                 * @enum {unknown}
                                 */
                                mapped: "SIGBUS" | "data" | "zeros";
                                from: ("page cache" | "good copy") | null;
                                why: string | null;
                            };
                            /** @description whether programs reach the memory itself */
                            dax?: boolean;
                            goodCopy?: {
                                /** @enum {unknown} */
                                exists: "yes" | "no" | "unknown";
                                where: string | null;
                            };
                        }[];
                        next: string | null;
                        /** @description false when something may be missing: never read it as clean then */
                        complete: boolean;
                        readAt: string | null;
                    };
                };
            };
            /** @description Nothing has changed since the answer with this `ETag`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    isHealthy: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
        };
    };
    isReady: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    listIncidents: {
        parameters: {
            query?: {
                status?: "open" | "resolved";
                /** @description `next` of the page before */
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        items: {
                            id: string;
                            fingerprint: string;
                            ordinal: number;
                            condition: string;
                            /** @enum {unknown} */
                            severity: "critical" | "warning" | "info";
                            /** @enum {unknown} */
                            status: "open" | "resolved";
                            revision: number;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            openedAt: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            updatedAt: string;
                            resolvedAt: string | null;
                            resolution: string | null;
                            foundBy: string;
                            detail: string;
                            complete: boolean;
                            device: {
                                name: string;
                                ndNamespace: string;
                                ndRegion: string;
                                bus: string;
                                uuid: string | null;
                                uid: string;
                                dimms: {
                                    id: string;
                                    name: string;
                                    serial: string | null;
                                    locator: string | null;
                                    partNumber: string | null;
                                }[];
                            };
                            totals: {
                                ranges: number;
                                bytes: number;
                                files: number;
                            };
                            ranges: {
                                /**
                                 * @description whether `start` counts from sector 0 of `device` or from the start of the namespace or region
                                 * @enum {unknown}
                                 */
                                on: "device" | "place";
                                /** @description sector of 512 bytes */
                                start: number;
                                /** @description sectors of 512 bytes */
                                count: number;
                                /**
                                 * Format: date-time
                                 * @description RFC 3339, UTC
                                 */
                                firstSeen: string;
                                /**
                                 * Format: date-time
                                 * @description RFC 3339, UTC
                                 */
                                lastSeen: string;
                                foundBy: string;
                                unconfirmed: string | null;
                                ownersComplete: boolean;
                                ownersAt: string | null;
                                owners: {
                                    /** @enum {unknown} */
                                    kind: "file" | "directory" | "symlink" | "metadata" | "free" | "unreferenced" | "deleted" | "raw" | "hidden" | "pending" | "unknown";
                                    device: string;
                                    /** @description sector of 512 bytes on `device` */
                                    start: number;
                                    count: number;
                                    layers?: {
                                        device: string;
                                        /** @description what people call it: a volume, the file behind a loop device */
                                        name?: string;
                                        kind: string;
                                        start: number;
                                        count: number;
                                    }[];
                                    fsType?: string;
                                    mountpoint?: string;
                                    /** @description decimal */
                                    inode?: string;
                                    /** @description btrfs: the subvolume that the inode number belongs to */
                                    subvolume?: string;
                                    /** @description bytes from the start of the file */
                                    offset?: number;
                                    /** @description bytes */
                                    length?: number;
                                    /** @enum {unknown} */
                                    state?: "data" | "unwritten";
                                    shared?: boolean;
                                    /** @description compressed or encrypted: any of its sectors spoils all of `length` */
                                    packed?: boolean;
                                    dax?: boolean;
                                    paths?: string[];
                                    pathsBase64?: string[];
                                    pathsComplete?: boolean;
                                    /** @description there are names, which a token of scope read shows */
                                    pathsRedacted?: boolean;
                                    linkCount?: number;
                                    openBy?: {
                                        pid: number;
                                        command: string;
                                        mapped: boolean;
                                        /** @description it maps a page that holds a damaged byte */
                                        mapsDamaged: boolean;
                                        unit: string | null;
                                        container: string | null;
                                        pod: string | null;
                                    }[];
                                    /** @description how many there are, where `openBy` holds only the first */
                                    openByCount?: number;
                                    /** @description false: processes may be missing from `openBy`, for `openByReason` */
                                    openByComplete?: boolean;
                                    openByReason?: string;
                                    /** @description parts of the kernel that use it */
                                    kernelUsers?: {
                                        /** @enum {unknown} */
                                        kind: "swap" | "loop";
                                        /** @description the swap area, or the loop device */
                                        name: string;
                                    }[];
                                    /** @description what programs get that touch the damaged bytes */
                                    readersGet?: {
                                        /**
                                         * @description of read(2)
                                         * @enum {unknown}
                                         */
                                        read: "EIO" | "data" | "zeros" | "unsupported";
                                        /**
                                         * @description of an access to memory that maps it
                                         * @enum {unknown}
                                         */
                                        mapped: "SIGBUS" | "data" | "zeros";
                                        from: ("page cache" | "good copy") | null;
                                        why: string | null;
                                    };
                                    /** @description names through other mounts: of this host, or (`mountNamespace`) as some of its processes see it */
                                    otherPaths?: {
                                        path: string;
                                        pathBase64: string;
                                        mountNamespace: {
                                            /** @description a process in it */
                                            pid: number;
                                            command?: string;
                                            unit?: string | null;
                                            container?: string | null;
                                            pod?: string | null;
                                        } | null;
                                    }[];
                                    mountNamespace?: {
                                        /** @description a process in it */
                                        pid: number;
                                        command?: string;
                                        unit?: string | null;
                                        container?: string | null;
                                        pod?: string | null;
                                    };
                                    /** @description of a deleted file: its name when it was last opened */
                                    formerPath?: string;
                                    goodCopy?: {
                                        /** @enum {unknown} */
                                        exists: "yes" | "no" | "unknown";
                                        where: string | null;
                                    };
                                    metadata?: string;
                                    reason?: string;
                                }[];
                            }[];
                            /** @description how many more it has: the list tells 20 of each incident, /incidents/{id} every one */
                            rangesOmitted: number;
                            acknowledgement: {
                                author: string;
                                reason: string;
                                /**
                                 * Format: date-time
                                 * @description RFC 3339, UTC
                                 */
                                at: string;
                                expiresAt: string | null;
                            } | null;
                            previousIncident: string | null;
                        }[];
                        next: string | null;
                        /** @description false when something may be missing: never read it as clean then */
                        complete: boolean;
                        readAt: string | null;
                    };
                };
            };
            /** @description Nothing has changed since the answer with this `ETag`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    getIncident: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        fingerprint: string;
                        ordinal: number;
                        condition: string;
                        /** @enum {unknown} */
                        severity: "critical" | "warning" | "info";
                        /** @enum {unknown} */
                        status: "open" | "resolved";
                        revision: number;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        openedAt: string;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        updatedAt: string;
                        resolvedAt: string | null;
                        resolution: string | null;
                        foundBy: string;
                        detail: string;
                        complete: boolean;
                        device: {
                            name: string;
                            ndNamespace: string;
                            ndRegion: string;
                            bus: string;
                            uuid: string | null;
                            uid: string;
                            dimms: {
                                id: string;
                                name: string;
                                serial: string | null;
                                locator: string | null;
                                partNumber: string | null;
                            }[];
                        };
                        totals: {
                            ranges: number;
                            bytes: number;
                            files: number;
                        };
                        ranges: {
                            /**
                             * @description whether `start` counts from sector 0 of `device` or from the start of the namespace or region
                             * @enum {unknown}
                             */
                            on: "device" | "place";
                            /** @description sector of 512 bytes */
                            start: number;
                            /** @description sectors of 512 bytes */
                            count: number;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            firstSeen: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            lastSeen: string;
                            foundBy: string;
                            unconfirmed: string | null;
                            ownersComplete: boolean;
                            ownersAt: string | null;
                            owners: {
                                /** @enum {unknown} */
                                kind: "file" | "directory" | "symlink" | "metadata" | "free" | "unreferenced" | "deleted" | "raw" | "hidden" | "pending" | "unknown";
                                device: string;
                                /** @description sector of 512 bytes on `device` */
                                start: number;
                                count: number;
                                layers?: {
                                    device: string;
                                    /** @description what people call it: a volume, the file behind a loop device */
                                    name?: string;
                                    kind: string;
                                    start: number;
                                    count: number;
                                }[];
                                fsType?: string;
                                mountpoint?: string;
                                /** @description decimal */
                                inode?: string;
                                /** @description btrfs: the subvolume that the inode number belongs to */
                                subvolume?: string;
                                /** @description bytes from the start of the file */
                                offset?: number;
                                /** @description bytes */
                                length?: number;
                                /** @enum {unknown} */
                                state?: "data" | "unwritten";
                                shared?: boolean;
                                /** @description compressed or encrypted: any of its sectors spoils all of `length` */
                                packed?: boolean;
                                dax?: boolean;
                                paths?: string[];
                                pathsBase64?: string[];
                                pathsComplete?: boolean;
                                /** @description there are names, which a token of scope read shows */
                                pathsRedacted?: boolean;
                                linkCount?: number;
                                openBy?: {
                                    pid: number;
                                    command: string;
                                    mapped: boolean;
                                    /** @description it maps a page that holds a damaged byte */
                                    mapsDamaged: boolean;
                                    unit: string | null;
                                    container: string | null;
                                    pod: string | null;
                                }[];
                                /** @description how many there are, where `openBy` holds only the first */
                                openByCount?: number;
                                /** @description false: processes may be missing from `openBy`, for `openByReason` */
                                openByComplete?: boolean;
                                openByReason?: string;
                                /** @description parts of the kernel that use it */
                                kernelUsers?: {
                                    /** @enum {unknown} */
                                    kind: "swap" | "loop";
                                    /** @description the swap area, or the loop device */
                                    name: string;
                                }[];
                                /** @description what programs get that touch the damaged bytes */
                                readersGet?: {
                                    /**
                                     * @description of read(2)
                                     * @enum {unknown}
                                     */
                                    read: "EIO" | "data" | "zeros" | "unsupported";
                                    /**
                                     * @description of an access to memory that maps it
                                     * @enum {unknown}
                                     */
                                    mapped: "SIGBUS" | "data" | "zeros";
                                    from: ("page cache" | "good copy") | null;
                                    why: string | null;
                                };
                                /** @description names through other mounts: of this host, or (`mountNamespace`) as some of its processes see it */
                                otherPaths?: {
                                    path: string;
                                    pathBase64: string;
                                    mountNamespace: {
                                        /** @description a process in it */
                                        pid: number;
                                        command?: string;
                                        unit?: string | null;
                                        container?: string | null;
                                        pod?: string | null;
                                    } | null;
                                }[];
                                mountNamespace?: {
                                    /** @description a process in it */
                                    pid: number;
                                    command?: string;
                                    unit?: string | null;
                                    container?: string | null;
                                    pod?: string | null;
                                };
                                /** @description of a deleted file: its name when it was last opened */
                                formerPath?: string;
                                goodCopy?: {
                                    /** @enum {unknown} */
                                    exists: "yes" | "no" | "unknown";
                                    where: string | null;
                                };
                                metadata?: string;
                                reason?: string;
                            }[];
                        }[];
                        /** @description how many more it has: the list tells 20 of each incident, /incidents/{id} every one */
                        rangesOmitted: number;
                        acknowledgement: {
                            author: string;
                            reason: string;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            at: string;
                            expiresAt: string | null;
                        } | null;
                        previousIncident: string | null;
                        /** @description one line a person can act on */
                        summary: string;
                        /** @description what to do, as messages say it; commands stand between backticks */
                        nextSteps: string[];
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                    "application/openmetrics-text": string;
                };
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    getOpenApi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    testReceiver: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                name: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "author": "ada",
                 *       "reason": "after the move"
                 *     }
                 */
                "application/json": {
                    /** @description who asks; how they are let in unless given */
                    author?: string;
                    reason?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        receiver: string;
                        /** @description id of the test message */
                        message: string;
                        delivered: boolean;
                        reason: string | null;
                        tookSeconds: number;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    reload: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @enum {boolean} */
                        ok: true;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    resolve: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "device": "pmem0",
                 *       "ranges": [
                 *         {
                 *           "start": 262144,
                 *           "count": 8
                 *         }
                 *       ]
                 *     }
                 */
                "application/json": {
                    /** @description such as pmem0, /dev/pmem0p1, /dev/mapper/vg-pg or dax0.0: one that /api/v1/topology names */
                    device: string;
                    ranges: {
                        /** @description sector of 512 bytes */
                        start: number;
                        /** @description sectors of 512 bytes */
                        count: number;
                    }[];
                };
            };
        };
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        device: string;
                        /** @description false when an owner may be missing: `reason` of an owner says why */
                        complete: boolean;
                        /** @description every sector in an owner, or in several where storage is shared */
                        results: {
                            start: number;
                            count: number;
                            complete: boolean;
                            owners: {
                                /** @enum {unknown} */
                                kind: "file" | "directory" | "symlink" | "metadata" | "free" | "unreferenced" | "deleted" | "raw" | "hidden" | "pending" | "unknown";
                                device: string;
                                /** @description sector of 512 bytes on `device` */
                                start: number;
                                count: number;
                                layers?: {
                                    device: string;
                                    /** @description what people call it: a volume, the file behind a loop device */
                                    name?: string;
                                    kind: string;
                                    start: number;
                                    count: number;
                                }[];
                                fsType?: string;
                                mountpoint?: string;
                                /** @description decimal */
                                inode?: string;
                                /** @description btrfs: the subvolume that the inode number belongs to */
                                subvolume?: string;
                                /** @description bytes from the start of the file */
                                offset?: number;
                                /** @description bytes */
                                length?: number;
                                /** @enum {unknown} */
                                state?: "data" | "unwritten";
                                shared?: boolean;
                                /** @description compressed or encrypted: any of its sectors spoils all of `length` */
                                packed?: boolean;
                                dax?: boolean;
                                paths?: string[];
                                pathsBase64?: string[];
                                pathsComplete?: boolean;
                                /** @description there are names, which a token of scope read shows */
                                pathsRedacted?: boolean;
                                linkCount?: number;
                                openBy?: {
                                    pid: number;
                                    command: string;
                                    mapped: boolean;
                                    /** @description it maps a page that holds a damaged byte */
                                    mapsDamaged: boolean;
                                    unit: string | null;
                                    container: string | null;
                                    pod: string | null;
                                }[];
                                /** @description how many there are, where `openBy` holds only the first */
                                openByCount?: number;
                                /** @description false: processes may be missing from `openBy`, for `openByReason` */
                                openByComplete?: boolean;
                                openByReason?: string;
                                /** @description parts of the kernel that use it */
                                kernelUsers?: {
                                    /** @enum {unknown} */
                                    kind: "swap" | "loop";
                                    /** @description the swap area, or the loop device */
                                    name: string;
                                }[];
                                /** @description what programs get that touch the damaged bytes */
                                readersGet?: {
                                    /**
                                     * @description of read(2)
                                     * @enum {unknown}
                                     */
                                    read: "EIO" | "data" | "zeros" | "unsupported";
                                    /**
                                     * @description of an access to memory that maps it
                                     * @enum {unknown}
                                     */
                                    mapped: "SIGBUS" | "data" | "zeros";
                                    from: ("page cache" | "good copy") | null;
                                    why: string | null;
                                };
                                /** @description names through other mounts: of this host, or (`mountNamespace`) as some of its processes see it */
                                otherPaths?: {
                                    path: string;
                                    pathBase64: string;
                                    mountNamespace: {
                                        /** @description a process in it */
                                        pid: number;
                                        command?: string;
                                        unit?: string | null;
                                        container?: string | null;
                                        pod?: string | null;
                                    } | null;
                                }[];
                                mountNamespace?: {
                                    /** @description a process in it */
                                    pid: number;
                                    command?: string;
                                    unit?: string | null;
                                    container?: string | null;
                                    pod?: string | null;
                                };
                                /** @description of a deleted file: its name when it was last opened */
                                formerPath?: string;
                                goodCopy?: {
                                    /** @enum {unknown} */
                                    exists: "yes" | "no" | "unknown";
                                    where: string | null;
                                };
                                metadata?: string;
                                reason?: string;
                            }[];
                        }[];
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    listScrubs: {
        parameters: {
            query?: {
                bus?: string;
                /** @description `next` of the page before */
                after?: string;
                limit?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description the newest first */
                        items: {
                            id: string;
                            /** @description kernel name at the time */
                            bus: string;
                            /**
                             * @description reading: the kernel is through, the lists of the bus are read once more; interrupted: the machine was restarted, or the bus went away
                             * @enum {unknown}
                             */
                            status: "requested" | "running" | "reading" | "completed" | "failed" | "interrupted";
                            /**
                             * @description long: everything is searched, since the agent asked for it; unknown: it may be a short one
                             * @enum {unknown}
                             */
                            type: "long" | "unknown";
                            requestedBy: {
                                author: string;
                                via: string;
                                reason: string;
                                due: string | null;
                            } | null;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            requestedAt: string;
                            startedAt: string | null;
                            endedAt: string | null;
                            durationSeconds: number | null;
                            countBefore: number | null;
                            countAfter: number | null;
                            overDeadline: boolean;
                            /** @description bad ranges that came into the lists of the bus meanwhile */
                            foundRanges: number;
                            foundBytes: number;
                            reason: string | null;
                        }[];
                        next: string | null;
                        complete: boolean;
                        readAt: string | null;
                        buses: {
                            bus: string;
                            supported: boolean;
                            /** @description whether the agent may start one */
                            canStart: boolean;
                            reason: string | null;
                            inProgress: boolean | null;
                            hwErrorScrub: boolean | null;
                            completed: number | null;
                            lastCompletedAt: string | null;
                            lastFullAt: string | null;
                            nextDueAt: string | null;
                        }[];
                    };
                };
            };
            /** @description Nothing has changed since the answer with this `ETag`. */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    startScrub: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "author": "ada",
                 *       "reason": "after the move",
                 *       "bus": "ndbus0"
                 *     }
                 */
                "application/json": {
                    /** @description who asks; how they are let in unless given */
                    author?: string;
                    reason?: string;
                    /** @description such as ndbus0; every bus that can unless given */
                    bus?: string;
                };
            };
        };
        responses: {
            /** @description Default Response */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description what was asked for; follow each by its id */
                        items: {
                            id: string;
                            /** @description kernel name at the time */
                            bus: string;
                            /**
                             * @description reading: the kernel is through, the lists of the bus are read once more; interrupted: the machine was restarted, or the bus went away
                             * @enum {unknown}
                             */
                            status: "requested" | "running" | "reading" | "completed" | "failed" | "interrupted";
                            /**
                             * @description long: everything is searched, since the agent asked for it; unknown: it may be a short one
                             * @enum {unknown}
                             */
                            type: "long" | "unknown";
                            requestedBy: {
                                author: string;
                                via: string;
                                reason: string;
                                due: string | null;
                            } | null;
                            /**
                             * Format: date-time
                             * @description RFC 3339, UTC
                             */
                            requestedAt: string;
                            startedAt: string | null;
                            endedAt: string | null;
                            durationSeconds: number | null;
                            countBefore: number | null;
                            countAfter: number | null;
                            overDeadline: boolean;
                            /** @description bad ranges that came into the lists of the bus meanwhile */
                            foundRanges: number;
                            foundBytes: number;
                            reason: string | null;
                        }[];
                        refused: {
                            bus: string;
                            reason: string;
                        }[];
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    getScrub: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        id: string;
                        /** @description kernel name at the time */
                        bus: string;
                        /**
                         * @description reading: the kernel is through, the lists of the bus are read once more; interrupted: the machine was restarted, or the bus went away
                         * @enum {unknown}
                         */
                        status: "requested" | "running" | "reading" | "completed" | "failed" | "interrupted";
                        /**
                         * @description long: everything is searched, since the agent asked for it; unknown: it may be a short one
                         * @enum {unknown}
                         */
                        type: "long" | "unknown";
                        requestedBy: {
                            author: string;
                            via: string;
                            reason: string;
                            due: string | null;
                        } | null;
                        /**
                         * Format: date-time
                         * @description RFC 3339, UTC
                         */
                        requestedAt: string;
                        startedAt: string | null;
                        endedAt: string | null;
                        durationSeconds: number | null;
                        countBefore: number | null;
                        countAfter: number | null;
                        overDeadline: boolean;
                        /** @description bad ranges that came into the lists of the bus meanwhile */
                        foundRanges: number;
                        foundBytes: number;
                        reason: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
    getTopology: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Default Response */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @description null where the host does not say */
                        host: {
                            name: string;
                            product: string | null;
                            os: string | null;
                            kernel: string | null;
                        };
                        buses: {
                            name: string;
                            provider: string;
                            errorSource: string;
                            monitored: boolean;
                            scrubSupported: boolean;
                            /** @description whether a machine check makes the kernel start a scrub */
                            hwErrorScrub?: boolean;
                            /** @description whether a write of whole sectors clears an error there; absent when that is not known */
                            canClear?: boolean;
                        }[];
                        dimms: {
                            /** @description the label of its series: stays with the module */
                            dimm: string;
                            /** @description kernel name now */
                            name: string;
                            bus: string;
                            id?: string;
                            handle?: number;
                            physicalId?: number;
                            serial?: string;
                            vendor?: string;
                            family?: string;
                            /** @description slot, from SMBIOS */
                            locator?: string;
                            partNumber?: string;
                            flags: string[];
                        }[];
                        regions: {
                            name: string;
                            bus: string;
                            kind: string;
                            sizeBytes: number;
                            persistenceDomain?: string;
                            numaNode?: number;
                            readOnly?: boolean;
                            enabled: boolean;
                            mappings: {
                                /** @description kernel name of the module now */
                                dimm: string;
                                /** @description `dimm` of the module among `dimms` */
                                dimmId?: string;
                                dpaStartBytes: number;
                                lengthBytes: number;
                                position: number;
                            }[];
                        }[];
                        namespaces: {
                            name: string;
                            region: string;
                            bus: string;
                            mode: string;
                            sizeBytes: number;
                            uuid?: string;
                            device?: string;
                            /** @description sectors of 512 bytes */
                            regionOffsetSectors?: number;
                            /** @description sectors of 512 bytes */
                            dataStartSectors?: number;
                            /** @description sectors of 512 bytes */
                            dataSizeSectors?: number;
                        }[];
                        blockDevices: {
                            name: string;
                            devNumber: string;
                            kind: string;
                            /** @description sectors of 512 bytes */
                            sizeSectors: number;
                            logicalBlockBytes: number;
                            partitionOf?: {
                                disk: string;
                                startSectors: number;
                            };
                            holders: string[];
                            slaves: string[];
                            namespace?: string;
                            hasBadblocks: boolean;
                            dax: boolean;
                            dmName?: string;
                            label?: string;
                        }[];
                        mounts: {
                            devNumber: string;
                            mountpoint: string;
                            root: string;
                            fsType: string;
                            source: string;
                            options: string[];
                        }[];
                        problems: {
                            subject: string;
                            reason: string;
                        }[];
                        /** @description false when something could not be read: see `problems` */
                        complete: boolean;
                        readAt: string | null;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "4XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
            /** @description A problem document (RFC 9457) */
            "5XX": {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "type": "about:blank",
                     *       "title": "Not found",
                     *       "status": 404,
                     *       "detail": "This host has no such device; /api/v1/topology lists them.",
                     *       "instance": "/api/v1/resolve"
                     *     }
                     */
                    "application/problem+json": {
                        /** @description about:blank: the status says what kind of problem it is */
                        type: string;
                        title: string;
                        status: number;
                        detail: string;
                        instance?: string;
                    };
                };
            };
        };
    };
}
