/** How a technology shows itself in a web page; any one sign is enough. */
export interface TechnologyRule {
  /** In lower case, as in `tech_tags`. */
  readonly name: string;
  /** Status line and headers. */
  readonly head?: RegExp;
  /** Names of cookies, one per line. */
  readonly cookie?: RegExp;
  /** Contents of `<meta name="generator">`. */
  readonly generator?: RegExp;
  /** Addresses of scripts and links, one per line. */
  readonly script?: RegExp;
  /** The page. Patterns have no unbounded repetition: a page may be made to be slow. */
  readonly html?: RegExp;
  /** What it is always built with. */
  readonly implies?: readonly string[];
}

/** Our own rules, written from what each technology sends. */
export const technologyRules: readonly TechnologyRule[] = [
  // Servers and networks.
  { name: 'nginx', head: /^server: ?(nginx|openresty|tengine)/im },
  { name: 'openresty', head: /^server: ?openresty/im },
  { name: 'apache', head: /^server: ?apache(?!-coyote| tomcat)/im },
  { name: 'iis', head: /^server: ?microsoft-iis/im },
  { name: 'caddy', head: /^(server: ?caddy|via: ?[\d.]+ caddy)/im },
  { name: 'litespeed', head: /^server: ?(open)?litespeed/im },
  {
    name: 'tomcat',
    head: /^server: ?apache-coyote/im,
    html: /<title>Apache Tomcat/i,
    implies: ['java'],
  },
  { name: 'jetty', head: /^server: ?jetty/im, implies: ['java'] },
  { name: 'envoy', head: /^(server: ?(istio-)?envoy|x-envoy-)/im },
  { name: 'varnish', head: /^(x-varnish:|via: ?[^\r\n]{0,80}varnish)/im },
  { name: 'cloudflare', head: /^(cf-ray:|server: ?cloudflare)/im },
  { name: 'cloudfront', head: /^(x-amz-cf-id:|server: ?cloudfront)/im },
  { name: 'amazon-s3', head: /^(server: ?amazons3|x-amz-bucket)/im },
  { name: 'aws-alb', cookie: /^AWSALB/im, head: /^server: ?awselb/im },
  { name: 'fastly', head: /^(x-fastly-|fastly-|x-served-by: ?cache-)/im },
  { name: 'akamai', head: /^(x-akamai-|server: ?akamai)/im },
  { name: 'vercel', head: /^x-vercel-id:/im },
  { name: 'netlify', head: /^x-nf-request-id:/im },
  { name: 'github-pages', head: /^server: ?github\.com/im },
  { name: 'heroku', head: /^(via: ?[\d.]+ vegur|nel: ?[^\r\n]{0,200}heroku)/im },
  { name: 'big-ip', cookie: /^(BIGipServer|F5_)/im },

  // Languages and frameworks of the server.
  { name: 'php', head: /^x-powered-by: ?php/im, cookie: /^PHPSESSID$/im },
  { name: 'java', cookie: /^JSESSIONID$/im },
  {
    name: 'asp.net',
    head: /^x-(aspnet-version|powered-by: ?asp\.net)/im,
    cookie: /^ASP\.NET_SessionId$/im,
    html: /name="__VIEWSTATE"/,
  },
  { name: 'asp.net-core', cookie: /^\.AspNetCore\./im, head: /^server: ?kestrel/im },
  { name: 'express', head: /^x-powered-by: ?express/im, implies: ['node.js'] },
  { name: 'node.js', cookie: /^connect\.sid$/im },
  {
    name: 'next.js',
    head: /^x-(powered-by: ?next\.js|nextjs-)/im,
    script: /\/_next\/static\//,
    html: /id="__NEXT_DATA__"/,
    implies: ['react', 'node.js'],
  },
  { name: 'nuxt', script: /\/_nuxt\//, html: /id="__nuxt"|window\.__NUXT__/, implies: ['vue'] },
  {
    name: 'django',
    cookie: /^(csrftoken|django_language)$/im,
    html: /name=['"]csrfmiddlewaretoken['"]/,
    implies: ['python'],
  },
  {
    name: 'python',
    head: /^server: ?(gunicorn|uvicorn|werkzeug|hypercorn|waitress|tornadoserver|cherrypy|simplehttp|[^\r\n]{0,80}python\/)/im,
  },
  { name: 'flask', head: /^server: ?werkzeug/im },
  {
    name: 'rails',
    head: /^x-runtime: ?\d/im,
    html: /<meta name="csrf-param" content="authenticity_token"/,
    implies: ['ruby'],
  },
  {
    name: 'ruby',
    head: /^(server: ?(puma|thin|webrick|[^\r\n]{0,80}phusion)|x-powered-by: ?phusion)/im,
  },
  { name: 'laravel', cookie: /^(laravel_session)$/im, implies: ['php'] },
  { name: 'symfony', head: /^x-debug-token:/im, implies: ['php'] },
  {
    name: 'spring',
    html: /Whitelabel Error Page/,
    head: /^x-application-context:/im,
    implies: ['java'],
  },
  { name: 'phoenix', cookie: /^_[a-z_]{1,40}_key$/im, script: /phoenix(_live_view)?[.-]/ },
  { name: 'coldfusion', cookie: /^CF(ID|TOKEN)$/im },

  // In the browser.
  {
    name: 'react',
    script: /\breact(-dom)?([.@-][\w.-]{0,30})?\.js/i,
    html: /data-reactroot|id="root"><\/div>/,
  },
  {
    name: 'vue',
    script: /\bvue([.@-][\w.-]{0,30})?\.js/i,
    html: /\sdata-v-[0-9a-f]{8}|\sv-cloak\b/,
  },
  {
    name: 'angular',
    html: /<[a-z-]{1,40}[^>]{0,200}\sng-version="/,
    script: /\bpolyfills[.-][\w-]{0,30}\.js/,
  },
  { name: 'angularjs', script: /\bangular(\.min)?\.js/i, html: /\sng-app[=\s>]/ },
  {
    name: 'svelte',
    html: /class="[^"]{0,200}\bsvelte-[0-9a-z]{5,8}\b/,
    script: /\/_app\/immutable\//,
  },
  { name: 'jquery', script: /\bjquery[\w.-]{0,40}\.js/i },
  { name: 'bootstrap', script: /\bbootstrap[\w.-]{0,40}\.(css|js)/i },
  { name: 'tailwind', script: /tailwind[\w.-]{0,40}\.(css|js)|cdn\.tailwindcss\.com/i },
  { name: 'vite', script: /\/@vite\/client/, html: /\/@vite\/client/ },
  { name: 'gatsby', generator: /gatsby/i, html: /id="___gatsby"/, implies: ['react'] },
  {
    name: 'google-analytics',
    html: /googletagmanager\.com\/gtag|google-analytics\.com\/(ga|analytics)\.js/,
  },

  // Publishing.
  {
    name: 'wordpress',
    generator: /wordpress/i,
    script: /\/wp-(content|includes)\//,
    head: /^link: ?[^\r\n]{0,200}\/wp-json\//im,
    implies: ['php'],
  },
  {
    name: 'drupal',
    generator: /drupal/i,
    head: /^x-(drupal-|generator: ?drupal)/im,
    implies: ['php'],
  },
  { name: 'joomla', generator: /joomla/i, implies: ['php'] },
  { name: 'typo3', generator: /typo3/i, script: /\/typo3(temp|conf)\//, implies: ['php'] },
  {
    name: 'magento',
    head: /^x-magento-/im,
    script: /\/static\/version\d+\/frontend\//,
    implies: ['php'],
  },
  { name: 'shopify', head: /^x-shopify-|^x-shopid:/im, script: /cdn\.shopify\.com/ },
  { name: 'ghost', generator: /^ghost/im },
  { name: 'hugo', generator: /^hugo/im },
  { name: 'jekyll', generator: /^jekyll/im },
  { name: 'docusaurus', generator: /docusaurus/i, implies: ['react'] },
  { name: 'mediawiki', generator: /mediawiki/i, implies: ['php'] },
  { name: 'wix', generator: /wix\.com/i, head: /^x-wix-/im },
  { name: 'squarespace', head: /^server: ?squarespace/im },

  // Applications that people run themselves.
  {
    name: 'grafana',
    html: /<title>Grafana<\/title>|window\.grafanaBootData/,
    cookie: /^grafana_session$/im,
  },
  { name: 'prometheus', html: /<title>Prometheus Time Series/ },
  { name: 'kibana', head: /^kbn-(name|license-sig|version):/im },
  { name: 'elasticsearch', head: /^x-elastic-product:/im, html: /You Know, for Search/ },
  { name: 'jenkins', head: /^x-jenkins:/im },
  { name: 'gitlab', cookie: /^_gitlab_session$/im, html: /content="GitLab"/ },
  { name: 'gitea', cookie: /^i_like_gitea$/im, html: /Gitea: Git with a cup of tea/ },
  {
    name: 'nextcloud',
    html: /data-requesttoken="[^"]{0,200}"[^>]{0,200}>\s{0,20}<[^>]{0,80}nextcloud|<title>\s{0,40}Nextcloud/i,
    cookie: /^oc_sessionPassphrase$|^__Host-nc_/im,
    implies: ['php'],
  },
  { name: 'phpmyadmin', cookie: /^phpMyAdmin/im, html: /<title>phpMyAdmin/, implies: ['php'] },
  { name: 'portainer', html: /<title>Portainer/ },
  { name: 'home-assistant', html: /<title>Home Assistant/ },
  { name: 'proxmox', head: /^server: ?pve-api-daemon/im },
  { name: 'roundcube', cookie: /^roundcube_sess/im, implies: ['php'] },
  { name: 'swagger-ui', html: /swagger-ui-bundle\.js|id="swagger-ui"/ },
  {
    name: 'keycloak',
    html: /<title>[^<]{0,60}Keycloak/i,
    cookie: /^(AUTH_SESSION_ID|KC_RESTART)$/im,
  },
];
