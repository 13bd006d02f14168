/** What is known about the software behind a port; `cpe` is one, or several separated by spaces. */
export const softwareDetails = ['product', 'vendor', 'version', 'extra_info', 'cpe'] as const;

/** All that is known about a service besides its name: the software, then the machine it runs on. */
export const serviceDetails = [...softwareDetails, 'hostname', 'os_type', 'device_type'] as const;

export type SoftwareDetail = (typeof softwareDetails)[number];
